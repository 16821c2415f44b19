"""P9: equal answers give equal bytes, whatever the concurrency, order, threads, kills, retries or workers."""

import hashlib
import signal
import time

from rig import Bench, Figure, count, run_test

SETTINGS = ("--output_format", "webdataset", "--number_sample_per_shard", "50", "--progress", "none")


def digests(top):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(top.glob("*"))
            if path.suffix in (".tar", ".parquet") and path.name[0].isdigit()}


def killed_and_finished(bench, name, *more):
    for wait in (0.05, 0.15, 0.1):
        running = bench.start("urls.txt", "-o", name, *SETTINGS, *more)
        time.sleep(wait)
        running.send(signal.SIGKILL)
        running.finish()
    bench.run("urls.txt", "-o", name, *SETTINGS, *more)


def measure():
    rows, wrong, compared = count(600, 3_000), [], 0
    for more in ((), ("--resize_mode", "border", "--image_size", "40")):
        with Bench("--delay_ms", "2") as bench:
            # Some fail once, by path, and succeed when tried again; some never do.
            urls = [bench.origin.url(f"/img/{30 + i % 9}/24/{i}.jpg" if i % 7 else f"/status/404?{i}",
                                     f"h{i % 23}.hosts.test") for i in range(rows)]
            bench.write_list(urls)
            bench.run("urls.txt", "-o", "one", *SETTINGS, *more, "--concurrency", "1", "--loop_threads", "1")
            bench.run("urls.txt", "-o", "wide", *SETTINGS, *more, "--concurrency", "512")
            bench.run("urls.txt", "-o", "threads", *SETTINGS, *more, "--loop_threads", "4")
            killed_and_finished(bench, "killed", *more)
            for worker in range(3):
                bench.run("urls.txt", "-o", "workers", *SETTINGS, *more, "--worker_count", "3", "--worker_index",
                          str(worker))
            wanted = digests(bench.folder / "one")
            for other in ("wide", "threads", "killed", "workers"):
                got = digests(bench.folder / other)
                compared += len(wanted)
                wrong += [f"{other}/{name}" for name in set(wanted) | set(got) if wanted.get(name) != got.get(name)]
            if not wanted:
                wrong.append("nothing was made")
    passed, said = run_test("tests/simulation/simulation_simulation_test", "--gtest_filter=*Schedules*",
                            env={"PIXHAUL_REPLAYS": str(count(50, 500))})
    return Figure(f"{len(wrong)} of {compared:,} shard files differ between five ways; "
                  f"{'none' if passed else 'some'} between five simulated schedules", "100 % identical",
                  not wrong and passed, str(wrong[:20]) + said)


if __name__ == "__main__":
    print(measure())
