#!/usr/bin/env python3
"""Decides whether an output folder keeps what was promised of it.

    tools/verify.py LIST… --output FOLDER [--ledger FILE] [--deadline 30] [--host_concurrency 6] …

Reads the input lists, the folder and, when given, what the origin wrote down of every request, each by its
own format and with none of pixhaul's code: Python's standard library, and pyarrow for Parquet. Prints a line
for each promise, `P1 pass 100,000 rows …`, and exits with 1 when one is broken.

What it decides: P1 one status a row, P2 every visible shard whole, P6 no attempt beyond its deadline, P8 what
counts as a success is what the origin completed, P11 requests and simultaneous requests within bounds, P12
names and text inert. Promises that need a ledger are left out without one, and it says so."""

import argparse
import collections
import gzip
import hashlib
import json
import pathlib
import re
import sys
import tarfile
import urllib.parse

STATUSES = frozenset("""success bad_row bad_url scheme_denied port_denied address_denied dns_not_found dns_timeout
dns_error connect_refused unreachable connect_timeout connection_reset tls_handshake tls_certificate http_4xx http_5xx
rate_limited redirect_limit redirect_loop redirect_bad protocol_error header_limit too_slow deadline too_large
truncated encoding_limit robots_txt opt_out not_image unsupported_format too_many_pixels too_complex decode_error
decode_deadline decode_crash hash_mismatch filtered host_down host_busy""".split())
EXTENSIONS = frozenset("jpg png gif webp avif bmp tif tiff bin".split())
SHARD = re.compile(r"\d{5,}")


def crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC32C = crc32c_table()


def crc32c(data):
    """RFC 3720, appendix B.4."""
    value = 0xFFFFFFFF
    for byte in data:
        value = CRC32C[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def read_list(name, url_column):
    """The URLs of a list, as the formats define them."""
    base = name.removesuffix(".gz")
    if base.endswith(".parquet"):
        import pyarrow.parquet
        return pyarrow.parquet.read_table(name, columns=[url_column])[url_column].to_pylist()
    opener = gzip.open if name.endswith(".gz") else open
    with opener(name, "rb") as file:
        text = file.read().decode("utf-8-sig", "replace")
    if base.endswith((".csv", ".tsv")):
        import csv
        import io
        rows = csv.DictReader(io.StringIO(text), delimiter="\t" if base.endswith(".tsv") else ",")
        return [row[url_column] for row in rows]
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return [line for line in lines if line.strip(" \t") and not line.startswith("#")]


class Shard:
    """One shard that is visible: its stats, rows and samples."""

    def __init__(self, folder, name):
        self.name, self.folder = name, folder
        self.stats = json.loads((folder / f"{name}_stats.json").read_text())
        self.own = self.stats.get("pixhaul", {})
        self.files = {file["name"]: file for file in self.own.get("files", [])}

    def rows(self):
        if f"{self.name}.jsonl" in self.files:
            with open(self.folder / f"{self.name}.jsonl", encoding="utf-8") as file:
                return [json.loads(line) for line in file]
        path = self.folder / ".pixhaul/rows" / f"{self.name}.parquet"
        if not path.exists():
            return None
        import pyarrow.parquet
        return pyarrow.parquet.read_table(path).to_pylist()

    def samples(self, rows):
        """Bytes by key; None for a shard that keeps none."""
        if f"{self.name}.tar" in self.files:
            return dict(self._tar())
        if f"{self.name}.tfrecord" in self.files:
            return None
        if f"{self.name}.parquet" in self.files:
            return self._parquet()
        return {row["key"]: (self.folder / row["path"]).read_bytes() for row in rows if row.get("path")}

    def _tar(self):
        with tarfile.open(self.folder / f"{self.name}.tar", "r:") as tar:
            for member in tar:
                key, _, extension = member.name.partition(".")
                if extension not in ("json", "txt"):
                    yield key, tar.extractfile(member).read()

    def _parquet(self):
        import pyarrow.parquet
        table = pyarrow.parquet.read_table(self.folder / f"{self.name}.parquet")
        column = next((name for name in table.schema.names if table.schema.field(name).type == "binary"), None)
        if column is None:
            return None
        rows = zip(table["key"].to_pylist(), table[column].to_pylist())
        return {key: data for key, data in rows if data is not None}


class Verifier:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = pathlib.Path(arguments.output)
        self.broken = collections.defaultdict(list)
        self.figures = {}
        self.rows = []
        self.known = set()

    def claim(self, promise, holds, sentence):
        if not holds:
            self.broken[promise].append(sentence)

    def run(self):
        names = sorted(path.name.removesuffix("_stats.json") for path in self.folder.glob("*_stats.json"))
        for name in names:
            self.shard(name)
        self.one_status_a_row()
        self.bounded_time()
        self.ledger()
        self.inert()
        for promise in sorted(set(self.figures) | set(self.broken), key=lambda text: int(text[1:])):
            found = self.broken[promise]
            print(promise, "fail" if found else "pass", self.figures.get(promise, ""), flush=True)
            for sentence in found[:self.arguments.show]:
                print("   ", ascii(sentence)[1:-1])
            if len(found) > self.arguments.show:
                print(f"    … and {len(found) - self.arguments.show:,} more")
        return 1 if any(self.broken.values()) else 0

    # ---- P2, P8: shards and samples

    def shard(self, name):
        try:
            shard = Shard(self.folder, name)
        except (ValueError, KeyError) as error:
            return self.claim("P2", False, f"{name}_stats.json: {error}")
        self.known.add(f"{name}_stats.json")
        for file in shard.files.values():
            self.known.add(file["name"])
            path = self.folder / file["name"]
            data = path.read_bytes() if path.exists() else None
            self.claim("P2", data is not None, f"{file['name']} is missing")
            if data is None:
                continue
            self.claim("P2", len(data) == file["bytes"], f"{file['name']} has {len(data)} of {file['bytes']} bytes")
            if len(data) <= self.arguments.sum_bytes:
                self.claim("P2", crc32c(data) == file["crc32c"], f"{file['name']} has another sum")
        rows = shard.rows()
        if rows is None:
            return self.claim("P1", False, f"{name}: rows without a table")
        self.counters(shard, rows)
        self.rows += rows
        try:
            samples = shard.samples(rows)
        except (OSError, tarfile.TarError) as error:
            return self.claim("P2", False, f"{name}: {error}")
        if samples is None or self.arguments.no_samples:
            return None
        return self.samples(name, rows, samples)

    def counters(self, shard, rows):
        counts = collections.Counter(row["status"] for row in rows)
        self.claim("P1", shard.stats["count"] == len(rows), f"{shard.name}: {len(rows)} rows, stats say otherwise")
        if "by_status" in shard.own:
            wanted = {status: count for status, count in shard.own["by_status"].items() if count}
            self.claim("P1", wanted == dict(counts), f"{shard.name}: by_status {wanted}, rows {dict(counts)}")

    def samples(self, name, rows, samples):
        keys = {row["key"] for row in rows if row["status"] == "success"}
        self.claim("P2", set(samples) == keys, f"{name}: samples and successes differ: {set(samples) ^ keys}")
        for row in rows:
            if row.get("path"):
                self.known.add(row["path"])
            digest = row.get("sha256") or row.get("digest")
            data = samples.get(row["key"])
            if data is None or not digest or self.arguments.reencoded:
                continue
            self.claim("P8", hashlib.sha256(data).hexdigest() == digest, f"{row['key']}: not the digest recorded")

    # ---- P1

    def one_status_a_row(self):
        wanted = [url for name in self.arguments.lists for url in read_list(name, self.arguments.url_col)]
        got = [row["url"] for row in self.rows]
        missing = collections.Counter(wanted) - collections.Counter(got)
        surplus = collections.Counter(got) - collections.Counter(wanted)
        keys = collections.Counter(row["key"] for row in self.rows)
        doubled = [key for key, count in keys.items() if count > 1]
        for url in missing:
            self.claim("P1", False, f"no row for {url}")
        for url in surplus:
            self.claim("P1", False, f"a row too many for {url}")
        for key in doubled:
            self.claim("P1", False, f"key {key} twice")
        internal = [row for row in self.rows if row["status"] not in STATUSES]
        for row in internal:
            self.claim("P1", False, f"{row['key']}: status {row['status']}: {row.get('detail')}")
        # Where a list is done, nothing of it may be under way.
        for part in ("spool", "commit", "columns"):
            left = [path.name for path in (self.folder / ".pixhaul" / part).glob("*")]
            self.claim("P1", not left, f"left in .pixhaul/{part}: {left}")
        self.figures["P1"] = (f"{len(wanted):,} rows, {sum(missing.values())} missing, {sum(surplus.values())} "
                              f"doubled, {len(internal)} internal")
        self.figures["P2"] = f"{sum(name.endswith('_stats.json') for name in self.known):,} shards whole"

    # ---- P6

    def bounded_time(self):
        limit = self.arguments.deadline
        times = [row["total_ms"] / 1000 for row in self.rows if row.get("total_ms") is not None]
        for row in self.rows:
            took = (row.get("total_ms") or 0) / 1000
            self.claim("P6", took <= limit + 1, f"{row['key']}: an attempt took {took:.1f} s")
        self.figures["P6"] = f"slowest attempt {max(times, default=0):.2f} s of {limit:g} s"

    # ---- P8, P11: against what the origin saw

    def ledger(self):
        if not self.arguments.ledger:
            print("P8, P11: no ledger given")
            return
        requests = []
        with open(self.arguments.ledger, encoding="utf-8") as file:
            for line in file:
                record = json.loads(line)
                if record.get("kind") == "request" and not record["path"].startswith("/__"):
                    requests.append(record)
        complete = collections.defaultdict(set)
        for request in requests:
            if request["complete"] and request["status"] == 200:
                complete[request["target"]].add(request["body_sha256"])
        successes = 0
        for row in self.rows:
            if row["status"] != "success":
                continue
            successes += 1
            target = origin_form(row.get("final_url") or row["url"])
            digest = row.get("sha256") or row.get("digest")
            self.claim("P8", bool(digest), f"{row['key']}: a success without a digest")
            unsummed = re.search(self.arguments.unsummed, target)
            self.claim("P8", digest in complete[target] or unsummed,
                       f"{row['key']}: {target} was never completed with these bytes")
        self.figures["P8"] = f"{successes:,} successes, each with a body the origin completed"
        self.politeness(requests)

    def politeness(self, requests):
        arguments = self.arguments
        fetched = sum(row.get("attempts") or 0 for row in self.rows)
        most_allowed = len(self.rows) * (1 + arguments.retries) * (1 + arguments.max_redirects)
        self.claim("P11", len(requests) <= most_allowed, f"{len(requests)} requests, {most_allowed} allowed")
        hosts = simultaneous(requests)
        for host, count in hosts.items():
            self.claim("P11", count <= arguments.host_concurrency, f"{host}: {count} requests at once")
        self.figures["P11"] = (f"{len(requests):,} requests in {fetched:,} attempts, at most "
                               f"{max(hosts.values(), default=0)} at once to a host")

    # ---- P12

    def inert(self):
        files = [path.relative_to(self.folder) for path in self.folder.rglob("*")]
        for path in files:
            if path.parts[0] == ".pixhaul":
                continue
            text = str(path)
            full = self.folder / path
            self.claim("P12", not full.is_symlink(), f"{text} is a link")
            self.claim("P12", re.fullmatch(r"[A-Za-z0-9._/-]+", text), f"{text}: characters outside the list")
            if full.is_dir():
                self.claim("P12", SHARD.fullmatch(text), f"{text}: a folder of nobody")
                continue
            known = text in self.known or re.fullmatch(r"failed(\.\d+)?\.(txt|parquet)|sizes\.json", text)
            self.claim("P12", known, f"{text}: a file of nobody")
            if len(path.parts) > 1:
                self.claim("P12", path.suffix[1:] in EXTENSIONS, f"{text}: extension outside the list")
        for row in self.rows:
            for field in ("key", "path", "detail", "media_type", "final_url"):
                value = row.get(field)
                raw = isinstance(value, str) and re.search(r"[\x00-\x1f\x7f]", value)
                self.claim("P12", not raw, f"{row['key']}: raw control characters in {field}")
        self.figures["P12"] = f"{len(files):,} names and {len(self.rows):,} rows inert"


def simultaneous(requests):
    """Most requests at once to a host, of those whose end is known."""
    ends = collections.defaultdict(list)
    for request in requests:
        finished = request.get("finished_at_ms")
        if finished is None:
            continue
        # An end goes before a beginning of the same millisecond: the clock is no finer.
        ends[request["host"]] += [(request["read_at_ms"], 1), (finished, -1)]
    most = {}
    for host, events in ends.items():
        now = 0
        for _, change in sorted(events):
            now += change
            most[host] = max(most.get(host, 0), now)
    return most


def origin_form(url):
    parts = urllib.parse.urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="+", metavar="LIST")
    parser.add_argument("--output", required=True)
    parser.add_argument("--ledger", help="what origin --ledger wrote")
    parser.add_argument("--url_col", default="url")
    parser.add_argument("--deadline", type=float, default=30, help="seconds")
    parser.add_argument("--retries", type=int, default=2)
    parser.add_argument("--max_redirects", type=int, default=10)
    parser.add_argument("--host_concurrency", type=int, default=24)
    parser.add_argument("--reencoded", action="store_true", help="samples are not the bytes as served")
    parser.add_argument("--unsummed", default="(?!)", help="targets (a regular expression) of which the origin sums "
                        "other bytes than those that arrive: compressed, chunked by hand")
    parser.add_argument("--no_samples", action="store_true", help="the folder keeps rows only")
    parser.add_argument("--sum_bytes", type=int, default=8 << 20, help="files up to here are summed")
    parser.add_argument("--show", type=int, default=10, help="sentences for each broken promise")
    sys.exit(Verifier(parser.parse_args()).run())


if __name__ == "__main__":
    main()
