#!/usr/bin/env python3
"""A long run on loopback: resident memory, descriptors and threads must stay flat. `PIXHAUL_SOAK` URLs (10,000,000).

Prints a line every ten seconds and the result in the form of bench/RESULTS.md at the end."""

import os
import pathlib
import sys
import time

from rig import Bench

URLS = int(os.environ.get("PIXHAUL_SOAK", "10000000"))


def state(pid):
    """Resident MiB, descriptors, threads; None when it has ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return (int(fields["VmRSS"].split()[0]) / 1024, len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"]))
    except (OSError, KeyError):
        return None


def slope(samples):
    """Least squares, MiB an hour."""
    mean_t = sum(t for t, *_ in samples) / len(samples)
    mean_m = sum(m for _, m, *_ in samples) / len(samples)
    spread = sum((t - mean_t) ** 2 for t, *_ in samples)
    return 3600 * sum((t - mean_t) * (m - mean_m) for t, m, *_ in samples) / spread if spread else 0.0


def main():
    with Bench() as bench:
        # The origin's own ledger would fill the disk.
        bench.ledger.unlink(missing_ok=True)
        with open(bench.folder / "urls.txt", "w", encoding="ascii") as file:
            for number in range(URLS):
                file.write(bench.origin.url(f"/img/8/8/{number % 1000}.jpg", f"h{number % 200}.hosts.test") + "\n")
        began, samples = time.monotonic(), []
        running = bench.start("urls.txt", "--output_format", "dummy", "--progress", "none", "--contact", "soak@test.invalid")
        while running.process.poll() is None:
            time.sleep(min(10, 0.2 + URLS / 500_000))
            seen = state(running.process.pid)
            if seen:
                samples.append((time.monotonic() - began, *seen))
                print("%6.0f s  %7.1f MiB  %4d descriptors  %3d threads" % samples[-1], flush=True)
        settled = samples[len(samples) // 4:]  # pools and caches have their size by then
        if len(settled) < 4:
            sys.exit("too short to say anything")
        took = time.monotonic() - began
        grows = slope(settled)
        descriptors, threads = ([sample[i] for sample in settled[:-1]] for i in (2, 3))
        flat = grows <= 1 and max(threads) == min(threads) and max(descriptors) <= 2 * min(descriptors) + 64
        print(f"| {URLS:,} URLs | {took:.0f} s | {settled[-1][1]:.0f} MiB | {grows:+.2f} MiB/h | "
              f"{min(descriptors)} to {max(descriptors)} descriptors | {max(threads)} threads | "
              f"{'flat' if flat and running.process.returncode == 0 else 'NOT flat'} |")
        sys.exit(0 if flat else 1)


if __name__ == "__main__":
    main()
