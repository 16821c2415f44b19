#!/usr/bin/python3
"""What a crowd of slow clients at the dashboard costs the download.

    bench/slow_clients.py [--clients 1000] [--rounds 15] [--images 120000]

Rounds of three runs over the same list, to and fro: without a dashboard, with one that nobody visits, with one that the
crowd visits (support/crowd.py: the beginning of a request, then a byte a second; who is closed comes back after a
second). nginx and the crowd have core 0, pixhaul core 1 alone, so what the dashboard takes it takes from the download.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from support import corpus, interrupts, machine, measure, nginx, report, setup
from support.certificates import make_certificates

SERVER_CPU, CLIENT_CPU = 0, 1
LIMIT = 0.98
VARIANTS = ("no dashboard", "a dashboard", "a dashboard and the crowd")


class Bench:
    """What every run needs."""

    def __init__(self, options: argparse.Namespace, origin: nginx.Origin, folder: Path) -> None:
        self._options, self._origin, self._folder = options, origin, folder
        self._list = folder / "urls.txt"
        paths = corpus.paths(corpus.BODIES["30k"], options.images)
        self._list.write_text("".join(f"{origin.base('plain')}{path}\n" for path in paths))

    def run(self, variant: str) -> dict[str, Any]:
        """Runs one variant and returns its figures."""
        out = self._folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        command = [str(self._options.pixhaul), str(self._list), "-o", str(out), "--output_format", "dummy",
                   "--compute_hash", "none", "--validate", "none", "--concurrency", "64", "--host_concurrency", "64",
                   "--allow_net", "127.0.0.0/8", "--progress", "none"]
        crowd = None
        if variant != VARIANTS[0]:
            port = nginx.free_ports(1)[0]
            command += ["--dashboard", str(port)]
            if variant == VARIANTS[2]:
                crowd = subprocess.Popen(
                    ["taskset", "-c", str(SERVER_CPU), sys.executable, str(setup.ROOT / "bench/support/crowd.py"), str(port),
                     str(self._options.clients)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        servers = [*self._origin.worker_pids(), *([crowd.pid] if crowd else [])]
        done = measure.run(command, CLIENT_CPU, servers)
        connections = int(crowd.communicate(timeout=30)[0]) if crowd else 0
        if done.exit_code != 0:
            sys.exit(f"pixhaul ended with {done.exit_code}: {done.output}")
        return {"rate": self._options.images / done.wall_seconds, "cpu_us": done.cpu_seconds / self._options.images * 1e6,
                "clean": done.is_clean, "connections": connections}


def markdown(results: dict[str, Any]) -> str:
    """Returns the section of RESULTS.md."""
    all_rounds = results["rounds"]
    quiet = [one for one in all_rounds if all(one[variant]["clean"] for variant in VARIANTS)]
    rounds = quiet or all_rounds
    rows = []
    for variant in VARIANTS:
        ratios = [one[variant]["rate"] / one[VARIANTS[0]]["rate"] for one in rounds]
        cost = [one[variant]["cpu_us"] / one[VARIANTS[0]]["cpu_us"] for one in rounds]
        met = "" if variant == VARIANTS[0] else " met" if statistics.median(ratios) >= LIMIT else " MISSED"
        rows.append([variant, f"{statistics.median(one[variant]['rate'] for one in rounds):.0f}",
                     f"{report.spread(statistics.median(ratios), min(ratios), max(ratios), 3)} (≥ {LIMIT}){met}",
                     f"{statistics.median(one[variant]['cpu_us'] for one in rounds):.1f}",
                     report.spread(statistics.median(cost), min(cost), max(cost), 3),
                     f"{statistics.median(one[variant]['connections'] for one in rounds):.0f}"])
    told = f"the {len(quiet)} quiet ones of {len(all_rounds)} rounds" if quiet else f"{len(all_rounds)} rounds, none of them quiet,"
    return "\n\n".join([
        "# Slow clients at the dashboard", report.origin_lines(**results["made"]),
        f"{results['clients']} clients that send the beginning of a request and then a byte a second; who is closed comes back "
        f"after a second. Medians of {told} to and fro of {results['images']} images of 30 KB over http, to nothing; "
        f"pixhaul has one core for itself and its dashboard. Ratios are within a round "
        "[lowest–highest].",
        report.table(["", "images/s", "of the rate without", "CPU µs/image", "of the CPU without", "connections"], rows)]) + "\n"


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--images", type=int, default=120_000)
    parser.add_argument("--pixhaul", type=Path, default=setup.PIXHAUL)
    parser.add_argument("--output", type=Path, default=setup.RESULTS / "slow_clients.json")
    return parser.parse_args()


def main() -> None:
    """Measures and writes the results."""
    options = parse()
    options.pixhaul = options.pixhaul.resolve()
    interrupts.unwind_on_signals()
    root = setup.BUILD / "origin"
    corpus.write_corpus(root)
    with ExitStack() as stack:
        scratch = Path("/dev/shm") / f"pixhaul-slow-{os.getpid()}"
        scratch.mkdir()
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        certificates = make_certificates(setup.BUILD / "certificates", ["IP:127.0.0.1", "DNS:localhost", "DNS:*.bench.test"])
        origin = stack.enter_context(nginx.serve(scratch / "nginx", root, certificates, prefix=("taskset", "-c", str(SERVER_CPU))))
        bench = Bench(options, origin, scratch)
        rounds = []
        for number in range(options.rounds + 1):
            order = VARIANTS if number % 2 == 0 else tuple(reversed(VARIANTS))
            one = {variant: bench.run(variant) for variant in order}
            print({variant: round(one[variant]["rate"]) for variant in VARIANTS}, flush=True)
            if number > 0:  # the first warms everything up
                rounds.append(one)
    versions = {"pixhaul": machine.version_of([str(options.pixhaul), "--version"]), "nginx": machine.version_of([nginx.NGINX, "-v"])}
    results = {"made": {"machine": machine.describe_machine(), "versions": versions, "command": machine.this_command(),
                        "date": machine.today()},
               "clients": options.clients, "images": options.images, "rounds": rounds}
    options.output.write_text(json.dumps(results, indent=1) + "\n")
    report.write(options.output.with_suffix(".md"), markdown(results))


if __name__ == "__main__":
    main()
