"""P4: memory stays under the number given, whatever the input: hostile bodies and bombs among pictures, inside a
cgroup whose limit is a tenth above it. Without the right to make a cgroup the peak of the process is taken."""

import contextlib
import os
import pathlib
import signal

from faults import QUICK, url_of
from rig import Bench, Figure, count

MEMORY = pathlib.Path("/sys/fs/cgroup/memory")
SIZES = {"256MiB": 256 << 20, "1GiB": 1 << 30, "4GiB": 4 << 30}
BOMBS = ("/endless", "/gzip_bomb?bytes=50000000", "/headers/flood?count=5000", "/headers/long?bytes=200000",
         "/img/3000/2000/{0}.jpg", "/img/4000/3000/{0}.png", "/img/64/64/{0}.jpg?bytes=8000000")


class Group:
    """A cgroup of version 1 under the one this process is in."""

    def __init__(self, limit):
        own = next(line.split(":", 2)[2].strip() for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
                   if ":memory:" in line)
        self.path = MEMORY / own.lstrip("/") / f"pixhaul-{os.getpid()}"
        if not (MEMORY / own.lstrip("/")).exists():
            self.path = MEMORY / f"pixhaul-{os.getpid()}"
        self.path.mkdir()
        (self.path / "memory.limit_in_bytes").write_text(str(limit))

    def enter(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def anonymous_peak(self):
        return int((self.path / "memory.max_usage_in_bytes").read_text())

    def failures(self):
        text = (self.path / "memory.oom_control").read_text()
        return int(next((line.split()[1] for line in text.splitlines() if line.startswith("oom_kill ")), 0))

    def close(self):
        with contextlib.suppress(OSError):
            self.path.rmdir()


def hostile(origin, total):
    faults = [fault for fault in QUICK if fault.face == "plain"]
    urls = []
    for number in range(total):
        host = f"h{number % 61}.hosts.test"
        if number % 10 == 0:
            urls.append(origin.url(BOMBS[number // 10 % len(BOMBS)].format(number % 7), host))
        elif number % 10 == 1:
            urls.append(url_of(origin, faults[number // 10 % len(faults)], number, host))
        else:
            urls.append(origin.url(f"/img/{200 + number % 300}/200/{number % 50}.jpg", host))
    return urls


def measure_one(size, total):
    limit = SIZES[size]
    with Bench() as bench:
        bench.write_list(hostile(bench.origin, total))
        try:
            group = Group(limit + limit // 10)
        except (OSError, StopIteration):
            group = None
        done = bench.run("urls.txt", "--memory", size, "--deadline", "5s", "--connect_timeout", "2s", "--retries", "0",
                         "--output_format", "webdataset", "--resize_mode", "keep_ratio", "--image_size", "128",
                         "--number_sample_per_shard", "1000", "--progress", "none", timeout=1500,
                         preexec=group.enter if group else None)
        killed = done.code == -signal.SIGKILL or (group is not None and group.failures() > 0)
        if group:
            group.close()
        code, said = bench.verify("urls.txt", reencoded=True, deadline=5, unsummed=".")
        return done.peak_bytes, killed, done.code == 1 and code == 0, group is not None, f"{done}\n{said}"


def measure():
    total = count(3_000, 30_000)
    sizes = ("256MiB",) if count(True, False) else tuple(SIZES)
    parts, passed, detail = [], True, ""
    for size in sizes:
        peak, killed, verified, in_group, said = measure_one(size, total)
        parts.append(f"{size}: peak {peak >> 20} MiB{' (cgroup)' if in_group else ''}{', killed' if killed else ''}")
        if killed or not verified or peak > SIZES[size]:
            passed, detail = False, detail + said
    return Figure("; ".join(parts), "0 kills, peak below the number", passed, detail)


if __name__ == "__main__":
    print(measure_one("256MiB", 600))
