#!/usr/bin/python3
"""CPU per image and images a second of pixhaul and of every client people use instead, in one interleaved run.

    bench/engine.py                                  the table (40 minutes); --quick for a smoke test of the harness
    bench/engine.py --bodies 30k --connections 64    a part; --append keeps the other cells of the last run
    bench/engine.py --case hosts                     one of the other cases (engine_cases.py)

nginx is pinned to core 0, the client to core 1. How it is measured, and what is noise: bench/README.md.
"""

import argparse
import itertools
import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import engine_cases
from support import corpus, engine_report, interrupts, machine, measure, nginx, setup
from support.certificates import make_certificates
from support.folders import FolderShelf
from support.peers import PEERS, Cell, Job, Peer, Tools
from support.warm_memory import warm_memory

SERVER_CPU, CLIENT_CPU = 0, 1
_FILE_BYTES_A_RUN = 3_200_000_000
_FEWEST = 40


def _two_figures(value: float) -> int:
    """Returns a number cut to its first two figures, so that runs of nearly one length share their lists."""
    step = 10 ** max(0, len(str(int(value))) - 2)
    return int(value) // step * step


@dataclass
class Bench:
    """What every run needs; one thread."""

    origin: nginx.Origin
    tools: Tools
    shelf: FolderShelf
    lists: Path
    requests: int
    rounds: int
    seconds: float
    rates: dict[str, float] = field(default_factory=dict)

    def count(self, peer: Peer, cell: Cell) -> int:
        """Returns how many requests a peer gets in a cell.

        At first its share of a tenth; once its rate there is known, what it does in `seconds`, never more than
        `requests` nor more files than a run may write.
        """
        count = max(50, round(self.requests * peer.share / 10))
        if peer.name.startswith("requests, no") and cell.transport == "tls":
            count = _FEWEST  # each builds a TLS context of its own
        rate = self.rates.get(f"{peer.name}/{cell.key}")
        if rate is not None:
            count = max(_FEWEST, min(self.requests, _two_figures(rate * self.seconds)))
        if cell.sink == "files":
            count = min(count, _FILE_BYTES_A_RUN // corpus.BODIES[cell.body].mean_bytes)
        return count

    def job(self, peer: Peer, cell: Cell) -> Job:
        """Prepares a run's lists and folder; none of it is timed."""
        count = self.count(peer, cell)
        body, base = corpus.BODIES[cell.body], self.origin.base(cell.transport)
        urls = self.lists / f"{cell.body}-{cell.transport}-{count}.txt"
        paths = self.lists / f"{cell.body}-{count}.paths"
        if not urls.exists() or not paths.exists():
            wanted = corpus.paths(body, count)
            urls.write_text("".join(f"{base}{path}\n" for path in wanted))
            paths.write_text("".join(f"{path}\n" for path in wanted))
        folder = self.shelf.fresh(count * body.mean_bytes if cell.sink == "files" else count * 400)
        seconds = max(1, round(self.seconds if f"{peer.name}/{cell.key}" in self.rates else 1.0))
        return Job(cell, urls, paths, base, count, folder, self.origin.ca_file, seconds)

    def run_once(self, peer: Peer, cell: Cell) -> dict[str, Any]:
        """Runs a peer once and returns the run as the results keep it."""
        job = self.job(peer, cell)
        command = peer.command(job, self.tools)
        run = measure.run(command, CLIENT_CPU, self.origin.worker_pids(), folder=job.folder)
        done = self._done(peer, job, run)
        # The warm-up's rate decides, so that all measured runs are of one length; a failed one's would make them endless.
        self.rates.setdefault(f"{peer.name}/{cell.key}", max(1, done) / run.wall_seconds)
        return {
            "cpu_us": run.cpu_seconds / max(1, done) * 1e6, "user_us": run.user_seconds / max(1, done) * 1e6,
            "rate": done / run.wall_seconds, "requests": done, "clean": run.is_clean, "exit_code": run.exit_code,
            "failed": peer.name != "wrk" and done != job.count, "output": run.output[-400:] if done == 0 else "",
        }

    def _done(self, peer: Peer, job: Job, run: measure.Run) -> int:
        """Returns how many images came: as the peer says, as the folder shows, or all when it succeeded."""
        if peer.done is not None:
            return peer.done(run.output)
        if job.cell.sink == "files":
            skip = {".pixhaul"}
            return sum(len([f for f in files if not f.endswith((".json", ".jsonl", ".txt"))])
                       for at, _, files in os.walk(job.folder) if not skip & set(Path(at).parts))
        return job.count if run.exit_code == 0 else 0


def cells(options: argparse.Namespace) -> list[Cell]:
    """Returns the cells asked for."""
    axes = (options.bodies, options.transports, options.connections, options.sinks)
    return [Cell(*values) for values in itertools.product(*axes)]


def run_cell(bench: Bench, cell: Cell, peers: Sequence[Peer]) -> dict[str, Any]:
    """Measures all peers of a cell: a warm-up round that is thrown away, then rounds to and fro."""
    able = [peer for peer in peers if peer.can(cell)]
    runs: dict[str, list[dict[str, Any]]] = {peer.name: [] for peer in able}
    for number in range(bench.rounds + 1):
        for peer in able if number % 2 == 0 else reversed(able):
            result = bench.run_once(peer, cell)
            if number > 0:
                runs[peer.name].append(result)
            note = "  (warm-up)" if number == 0 else ""
            flags = ("" if result["clean"] else " noisy") + (" FAILED " + result["output"] if result["failed"] else "")
            print(f"{cell.key:24} {peer.name:28} {result['cpu_us']:9.1f} us {result['rate']:10,.0f}/s{flags}{note}", flush=True)
    return {"cell": vars(cell), "runs": runs}


def versions(tools: Tools) -> dict[str, str]:
    """Returns the version of every program that took part."""
    asked = {
        "pixhaul": [str(tools.pixhaul), "--version"], "nginx": [nginx.NGINX, "-v"], "wrk": ["wrk", "-v"],
        "h2load": ["h2load", "--version"], "curl": ["curl", "--version"], "wget2": ["wget2", "--version"],
        "aria2c": ["aria2c", "--version"], "OpenSSL": ["openssl", "version"], "python": [str(tools.python), "--version"],
    }
    return {name: machine.version_of(command) for name, command in asked.items()} | setup.package_versions(tools.python)


def save(results: dict[str, Any], tools: Tools, shelf: FolderShelf, output: Path) -> None:
    """Writes what there is so far, so that a run of hours that is ended keeps its cells."""
    about = results.get("about", {})
    command = machine.this_command()
    earlier = [line for line in about.get("commands", []) if line != command]
    results["about"] = {
        "machine": machine.describe_machine(), "versions": about.get("versions") or versions(tools),
        "commands": [*earlier, command], "date": machine.today(), "workdir": "tmpfs" if shelf.is_memory() else "disk",
    }
    engine_report.write_all(results, output)


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = {"nargs": "+"}
    parser.add_argument("--bodies", choices=list(corpus.BODIES), default=list(corpus.BODIES), **words)
    parser.add_argument("--transports", choices=["plain", "tls", "h2"], default=["plain", "tls", "h2"], **words)
    parser.add_argument("--connections", type=int, default=[64, 256], **words)
    parser.add_argument("--sinks", choices=["memory", "files"], default=["memory", "files"], **words)
    parser.add_argument("--peers", help="only those whose name contains one of these words", default=[], **words)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds after the warm-up")
    parser.add_argument("--seconds", type=float, default=2.0, help="about how long a measured run of each client takes")
    parser.add_argument("--requests", type=int, default=100_000, help="most requests a run, whatever the seconds")
    parser.add_argument("--quick", action="store_true", help="2,000 requests, one round, 30 KB at 64: a smoke test")
    parser.add_argument("--case", choices=["table", "hosts", "list", "start", "all"], default="table")
    parser.add_argument("--append", action="store_true", help="keep the other cells of the results there are")
    parser.add_argument("--pixhaul", type=Path, default=setup.PIXHAUL)
    parser.add_argument("--workdir", type=Path, default=Path("/dev/shm/pixhaul-bench"), help="where images are written")
    parser.add_argument("--output", type=Path, default=setup.RESULTS / "engine.json")
    options = parser.parse_args()
    if options.quick:
        options.requests, options.rounds, options.bodies, options.connections, options.seconds = 2_000, 1, ["30k"], [64], 0.2
    return options


def chosen_peers(options: argparse.Namespace) -> list[Peer]:
    """Returns the peers asked for; without a pixhaul program its rows are left out, loudly."""
    peers = [peer for peer in PEERS if not options.peers or any(word in peer.name for word in options.peers)]
    if not os.access(options.pixhaul, os.X_OK):
        print(f"!!! {options.pixhaul} is not there: every pixhaul row and case is SKIPPED", file=sys.stderr)
        peers = [peer for peer in peers if not peer.name.startswith("pixhaul")]
    return peers


def main() -> None:
    """Measures what was asked for and writes the results."""
    options = parse()
    interrupts.unwind_on_signals()
    setup.install_tools()
    python = setup.python_peers()
    root = setup.BUILD / "origin"
    corpus.write_corpus(root)
    tools = Tools(options.pixhaul.resolve(), python)
    results = json.loads(options.output.read_text()) if options.append and options.output.exists() else {}
    with ExitStack() as stack:
        budget = stack.enter_context(warm_memory(0.1 if options.quick else 0.6))
        scratch = setup.BUILD / f"engine-{os.getpid()}"
        lists = scratch / "lists"
        lists.mkdir(parents=True)
        stack.callback(shutil.rmtree, scratch)
        certificates = make_certificates(setup.BUILD / "certificates", ["IP:127.0.0.1", "DNS:localhost", "DNS:*.bench.test"])
        origin = stack.enter_context(nginx.serve(scratch / "nginx", root, certificates, prefix=("taskset", "-c", str(SERVER_CPU))))
        shelf = FolderShelf(options.workdir, budget)
        stack.callback(shelf.clear)
        bench = Bench(origin, tools, shelf, lists, options.requests, options.rounds, options.seconds)
        if options.case in ("table", "all"):
            peers = chosen_peers(options)
            for cell in cells(options):
                results.setdefault("cells", {})[cell.key] = run_cell(bench, cell, peers)
                save(results, tools, shelf, options.output)
        if options.case != "table" and chosen_peers(options) and os.access(tools.pixhaul, os.X_OK):
            place = engine_cases.Place(origin, tools.pixhaul, shelf, lists, SERVER_CPU, CLIENT_CPU, options.quick)
            results.setdefault("cases", {}).update(engine_cases.run(options.case, place))
        save(results, tools, shelf, options.output)


if __name__ == "__main__":
    main()
