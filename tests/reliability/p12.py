"""P12: names and text are inert: hostile text in URLs, headers and lists reaches no path, no extension, and no sink
raw: rows, tables, samples' JSON, failed list, terminal, log."""

import random
import re
import urllib.parse

from rig import Bench, Figure, count

WORDS = ["../../etc/passwd", "..\\..\\x", "/abs", "CON", "nul.jpg", ".hidden", "-rf", "a.pkl", "a.pyd", "a.svg", "a.html",
         "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "\x1b[31mred", "\x1b]0;title\x07", "\x00", "\x7f", "\u202egnp",
         "\u200b", "é", "e\u0301", "\ufeff", "%00", "%2e%2e%2f", "%0d%0aX: y", "a" * 300, " ", "\t", "'\"`$(id)", "{0}", "%s%n",
         "\ud7ff", "\U0001f4a9", ";rm", "|x", "A.jpg", "a.jpg", "~", "*", "?", "#", "\\x", "file:", "..%c0%af", "\x85", "\u2028"]


def strings(wanted):
    dice = random.Random(12)
    made = list(WORDS)
    while len(made) < wanted:
        made.append("".join(dice.choice(WORDS) if dice.random() < 0.6 else chr(dice.randrange(1, 0x300))
                            for _ in range(dice.randint(1, 3))))
    return made


def measure():
    wanted = count(515, 5_000)
    with Bench() as bench:
        urls = []
        for number, text in enumerate(strings(wanted)):
            raw = "".join(c for c in text if c not in "\r\n")
            urls.append(bench.origin.url(f"/img/8/8/{number % 50}.jpg?x=" + raw))
            urls.append(bench.origin.url(f"/private/{raw.replace('?', '').replace('#', '')}"))
            urls.append(bench.origin.url("/redirect/302?to=" + urllib.parse.quote(f"/private/{raw}", errors="replace")))
            urls.append(f"http://{raw}/x")
            urls.append(bench.origin.url("/html?type=" + urllib.parse.quote(raw, errors="replace")))
            urls.append(bench.origin.url("/etag?tag=" + urllib.parse.quote(raw.replace("\0", ""), errors="replace")))
        (bench.folder / "urls.txt").write_bytes("".join(url + "\n" for url in urls).encode("utf-8", "replace"))
        wrong, detail, sinks = 0, "", 0
        before = {path for path in bench.folder.rglob("*")}
        for more in (("--file_names", "name"), ("--output_format", "webdataset", "--metadata", "jsonl")):
            output = f"out{sinks}"
            done = bench.run("urls.txt", "-o", output, *more, "--progress", "plain", "--log_level", "info",
                             "--number_sample_per_shard", "1000", timeout=300)
            raw = re.search(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e]", done.stderr + done.stdout)
            wrong += bool(raw) + (done.code not in (0, 1))
            top = bench.folder / output
            for path in top.rglob("*.jsonl"):
                wrong += bool(re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", path.read_bytes()))
            code, said = bench.verify("urls.txt", output=output)
            verdicts = {line.split()[0]: line.split()[1] for line in said.splitlines() if line.startswith("P")}
            wrong += verdicts.get("P12") != "pass" or verdicts.get("P2") != "pass"
            if wrong:
                detail += f"{more} raw {raw} {done}\n{said}\n"
            sinks += 3
        outside = {path for path in bench.folder.rglob("*")} - before
        outside = [path for path in outside if path.relative_to(bench.folder).parts[0] not in ("out0", "out3")]
        return Figure(f"{wrong} raw or foreign, {len(outside)} paths outside the folder, of {wanted:,} strings in 6 places "
                      f"and {sinks} sinks", "0 / (515 strings × 6 sinks)", not wrong and not outside, detail)


if __name__ == "__main__":
    print(measure())
