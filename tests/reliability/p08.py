"""P8: nothing half-true: no cut picture, and no picture of a cut transfer, is ever a success."""

import json

from rig import Bench, Figure, count

FORMATS = ("jpg", "png", "gif", "webp")


def measure(cuts=None):
    cuts = cuts or count(1_000, 2_000)
    with Bench() as bench:
        size = {kind: len(bench.origin.get(f"/img/96/64/5.{kind}")) for kind in FORMATS}
        whole = len(bench.origin.get("/flaky?fail=0&key=x"))
        urls, is_cut = [], []
        for number in range(cuts):
            for kind in FORMATS:
                keep = number * (size[kind] - 1) // cuts
                urls.append(bench.origin.url(f"/img/96/64/5.{kind}?keep={keep}&n={number}", f"h{number % 50}.hosts.test"))
                is_cut.append(True)
            # Behind the head, which is shorter than this, before the last byte.
            how = ("close", "reset", "cut")[number % 3]
            urls.append(bench.origin.url(f"/close/at?n={80 + number % whole}&how={how}&x={number}",
                                         f"h{number % 50}.hosts.test"))
            is_cut.append(True)
            urls.append(bench.origin.url(f"/img/96/64/{number}.jpg", f"h{number % 50}.hosts.test"))
            is_cut.append(False)
        bench.write_list(urls)
        done = bench.run("urls.txt", "--retries", "0", "--file_names", "key", "--progress", "none", timeout=900)
        rows = [json.loads(line) for path in sorted((bench.folder / "images").glob("*.jsonl"))
                for line in path.read_text().splitlines()]
        false = [row for row, cut in zip(rows, is_cut) if cut and row["status"] == "success"]
        lost = [row for row, cut in zip(rows, is_cut) if not cut and row["status"] != "success"]
        code, said = bench.verify("urls.txt")
        return Figure(f"{len(false)} of {sum(is_cut):,} cuts are a success, {len(lost)} whole ones are not; every sum is "
                      "the origin's" if code == 0 else "sums disagree", "0 of 4,000 cuts, every sum the origin's",
                      done.code == 1 and code == 0 and not false and not lost and sum(is_cut) >= 4_000,
                      f"{done}\n{said}\n" + "\n".join(map(str, false[:9] + lost[:9])))


if __name__ == "__main__":
    print(measure(50))
