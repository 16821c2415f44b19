"""P1: one URL, one status: every row of the fault table among ordinary URLs, judged by tools/verify.py."""

import collections
import json

from faults import QUICK, SLOW, url_of
from rig import Bench, Figure, count

# Deadlines short enough that a slow row costs seconds; what they are relative to is the same.
LIMITS = ("--deadline", "4s", "--connect_timeout", "2s", "--first_byte_timeout", "2s", "--retries", "1")


def fault_list(origin, total):
    """`total` URLs: each slow fault once per 5,000, each quick one again and again, the rest ordinary."""
    urls, faults = [], {}
    for number in range(total):
        quick = number % 4 == 0
        fault = QUICK[number // 4 % len(QUICK)] if quick and number < 4 * len(QUICK) * 20 else None
        if fault is None and number % 5000 < len(SLOW):
            fault = SLOW[number % 5000]
        host = f"h{number % 97}.hosts.test" if fault is None else f"f{number}.hosts.test"
        url = (url_of(origin, fault, number, host) if fault
               else origin.url(f"/img/8/8/{number % 500}.jpg?row={number}", host))
        urls.append(url)
        if fault:
            faults[url] = fault
    return urls, faults


def measure(total=None):
    total = total or count(20_000, 100_000)
    with Bench() as bench:
        urls, faults = fault_list(bench.origin, total)
        bench.write_list(urls)
        done = bench.run("urls.txt", *LIMITS, "--number_sample_per_shard", "5000", "--file_names", "key",
                         "--ca_file", bench.origin.ca, "--progress", "none", "--address_concurrency", "512", timeout=1500)
        wrong, seen = [], collections.Counter()
        for path in sorted((bench.folder / "images").glob("*.jsonl")):
            for line in path.read_text().splitlines():
                row = json.loads(line)
                fault = faults.get(row["url"])
                ends = fault.ends if fault else ("success",)
                seen[fault.row if fault else "-"] += 1
                if row["status"] not in ends:
                    wrong.append(f"{fault and fault.row} {row['url']}: {row['status']} ({row['detail']}), not {ends}")
        code, said = bench.verify("urls.txt", deadline=4, retries=1, host_concurrency=24,
                                  unsummed="^/(gzip|br|deflate|length|chunked|head|surplus)")
        rows = len([row for row in seen if row != "-"])
        figure = said.splitlines()[0].removeprefix("P1 pass ").removeprefix("P1 fail ") if said else "no verdict"
        return Figure(f"{figure}; {rows} rows of the fault table, {len(wrong)} wrong ends",
                      "0 missing, 0 doubled, 0 internal, 0 wrong ends",
                      done.code == 1 and code == 0 and not wrong, f"{done}\n{said}\n" + "\n".join(wrong[:40]))


if __name__ == "__main__":
    print(measure(4 * len(QUICK) * 2))
