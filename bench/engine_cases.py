"""The engine benchmark's other cases: many host names, a very long list, start to first request. Run by engine.py --case."""

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import corpus, dns, measure, nginx
from support.folders import FolderShelf

DOMAIN = "bench.test"
_HOST_IMAGES = 20_000
_FEW_NAMES, _MANY_NAMES = 200, 20_000
_LONG_LIST, _SHORT_LIST = 10_000_000, 1_000
_START_RUNS = 50


@dataclass(frozen=True)
class Place:
    """Where and with what the cases run."""

    origin: nginx.Origin
    pixhaul: Path
    shelf: FolderShelf
    lists: Path
    server_cpu: int
    client_cpu: int
    quick: bool

    def command(self, urls: Path | str, *extra: str) -> list[str]:
        """Returns a pixhaul command to memory with equal work and a fresh output folder."""
        folder = self.shelf.fresh(1_000_000)
        return [str(self.pixhaul), str(urls), "-o", str(folder), "--output_format", "dummy", "--validate", "none",
                "--compute_hash", "none", "--concurrency", "64", "--host_concurrency", "64", "--address_concurrency", "64",
                "--http_version", "1.1", "--allow_net", "127.0.0.0/8", "--progress", "none", *extra]


def _host_list(place: Place, names: int, images: int) -> Path:
    """Writes a list of `images` 30 KB images over `names` host names, taken in turn."""
    urls = place.lists / f"hosts-{names}.txt"
    paths = corpus.paths(corpus.BODIES["30k"], images)
    urls.write_text("".join(
        f"{place.origin.base('plain', f'h{n % names}.{DOMAIN}')}{path}\n" for n, path in enumerate(paths)))
    return urls


def many_hosts(place: Place) -> dict[str, Any]:
    """Measures 20,000 images, a new connection each, over 200 and over 20,000 host names.

    Returns:
        CPU microseconds an image of each run, by number of names.
    """
    images = 1_000 if place.quick else _HOST_IMAGES
    counts = (min(_FEW_NAMES, images), min(_MANY_NAMES, images))
    lists = {names: _host_list(place, names, images) for names in counts}
    found: dict[str, list[float]] = {str(names): [] for names in counts}
    pinned = ("taskset", "-c", str(place.server_cpu))
    with dns.running(pinned, "127.0.0.1", 0, DOMAIN, "127.0.0.1") as (port, dns_pid):
        for number in range(2 if place.quick else 4):
            for names in counts:
                command = place.command(lists[names], "--connection", "fresh", "--dns_servers", f"127.0.0.1:{port}")
                run = measure.run(command, place.client_cpu, [*place.origin.worker_pids(), dns_pid])
                cost = run.cpu_seconds / images * 1e6
                print(f"hosts {names:6}: {cost:8.1f} us an image, exit {run.exit_code}", flush=True)
                if run.exit_code != 0:
                    raise RuntimeError(f"pixhaul failed: {run.output[-800:]}")
                if number > 0:
                    found[str(names)].append(cost)
    return {"images": images, "cpu_us": found}


def long_list(place: Place) -> dict[str, Any]:
    """Measures the peak resident set over a list of 10 million lines and over one of 1,000; every line is fetched.

    Returns:
        Lines, peak bytes and seconds of both.
    """
    found = {}
    for lines in (_SHORT_LIST, 50_000 if place.quick else _LONG_LIST):
        urls = place.lists / f"lines-{lines}.txt"
        base = place.origin.base("plain")
        with urls.open("w") as out:
            for number in range(lines):
                out.write(f"{base}/1k/{number % corpus.FILE_COUNT:04d}.jpg?n={number}\n")
        peak, code, seconds = measure.peak_rss(place.command(urls), place.client_cpu, 3600.0)
        urls.unlink()
        print(f"list {lines:9}: peak {peak / 2**20:7.1f} MiB, {seconds:7.1f} s, exit {code}", flush=True)
        found[str(lines)] = {"lines": lines, "peak_bytes": peak, "seconds": seconds, "exit_code": code}
    return found


def _spawn_on(command: Sequence[str], cpu: int, home: int) -> tuple[subprocess.Popen[bytes], float]:
    """Starts a command on a core by inheritance, without a wrapper to be timed, and returns it with its start."""
    os.sched_setaffinity(0, {cpu})
    try:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, close_fds=False)
    finally:
        os.sched_setaffinity(0, {home})
    return process, start


def _first_request_seconds(command: Sequence[str], listener: socket.socket, cpu: int, home: int) -> float:
    """Starts a client and returns the seconds until the first byte of its request has come."""
    process, start = _spawn_on(command, cpu, home)
    try:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            seconds = time.monotonic() - start
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
    finally:
        process.wait(timeout=30)
    return seconds


def first_request(place: Place) -> dict[str, Any]:
    """Measures start to first request byte, pixhaul and curl in turn.

    Returns:
        Median milliseconds of each.
    """
    times: dict[str, list[float]] = {"pixhaul": [], "curl": []}
    cores = os.sched_getaffinity(0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.jpg"
        for number in range(6 if place.quick else _START_RUNS + 1):
            for name in times:
                command = place.command(url, "--retries", "0") if name == "pixhaul" else ["curl", "-q", "-s", url]
                seconds = _first_request_seconds(command, listener, place.client_cpu, place.server_cpu)
                if number > 0:
                    times[name].append(seconds * 1e3)
    os.sched_setaffinity(0, cores)
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"start: {medians}", flush=True)
    return {"median_ms": medians, "runs": len(times["curl"])}


_CASES = {"hosts": many_hosts, "list": long_list, "start": first_request}


def run(case: str, place: Place) -> dict[str, Any]:
    """Runs one case, or all; one that fails is reported and does not take the others with it."""
    found: dict[str, Any] = {}
    for name in _CASES if case == "all" else [case]:
        try:
            found[name] = _CASES[name](place)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            print(f"!!! case {name} failed: {error}", file=sys.stderr)
            found[name] = {"failed": str(error)}
    return found
