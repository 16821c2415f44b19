#!/usr/bin/python3
"""pixhaul beside img2dataset and Daft: from a list to a dataset, in one interleaved run.

    bench/pipeline.py                                every case (over an hour); --quick for a smoke test of the harness
    bench/pipeline.py --cases resize --rounds 3      some; --append keeps the other cases of the last run
    bench/pipeline.py --clients img2dataset daft     without pixhaul

nginx is pinned to core 0, the client to core 1. How it is measured, and what is noise: bench/README.md.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pipeline_cases
import pipeline_stages
import web_mix
from support import dataset_peers, interrupts, link, machine, nginx, pipeline_report, setup, web_corpus
from support.certificates import make_certificates, trust_bundle
from support.dataset_peers import CLIENTS, Programs
from support.folders import FolderShelf
from support.warm_memory import warm_memory

SERVER_CPU, CLIENT_CPU = 0, 1
_PACKAGES = {"img2dataset": ("img2dataset", "opencv-python-headless", "albumentations", "webdataset", "pyarrow"), "daft": ("daft",)}


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = {"nargs": "+"}
    parser.add_argument("--cases", choices=list(CASES), default=list(CASES), **words)
    parser.add_argument("--clients", choices=list(CLIENTS), default=list(CLIENTS), **words)
    parser.add_argument("--rounds", type=int, default=3, help="measured rounds after the warm-up")
    parser.add_argument("--mix_rounds", type=int, default=1, help="runs of img2dataset over the web mix, ten minutes each")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the images, one round: a smoke test")
    parser.add_argument("--append", action="store_true", help="keep the other cases of the results there are")
    parser.add_argument("--pixhaul", type=Path, default=setup.PIXHAUL)
    parser.add_argument("--workdir", type=Path, default=Path("/dev/shm/pixhaul-bench"), help="where datasets are written")
    parser.add_argument("--output", type=Path, default=setup.RESULTS / "pipeline.json")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    if "pixhaul" in options.clients and not os.access(options.pixhaul, os.X_OK):
        print(f"!!! {options.pixhaul} is not there: pixhaul is LEFT OUT", file=sys.stderr)
        options.clients.remove("pixhaul")
    return options


def versions(programs: Programs) -> dict[str, str]:
    """Returns the version of everything that took part."""
    asked = {"pixhaul": [str(programs.pixhaul), "--version"], "nginx": [nginx.NGINX, "-v"], "OpenSSL": ["openssl", "version"]}
    found = {name: machine.version_of(command) for name, command in asked.items()}
    for name, python in programs.pythons.items():
        found |= {"python": machine.version_of([str(python), "--version"])} | setup.package_versions(python, _PACKAGES[name])
    return found


def _throughput(name: str) -> Callable[[pipeline_cases.Place, argparse.Namespace], dict[str, Any]]:
    return lambda place, options: pipeline_cases.throughput(place, name, options.clients, options.rounds)


def _mix(place: pipeline_cases.Place, options: argparse.Namespace) -> dict[str, Any]:
    reason = link.why_not()
    if reason:
        raise RuntimeError(f"no link can be made here: {reason}")
    return web_mix.run(place, options.clients, options.mix_rounds)


# Each takes where to run and the options and returns what the results keep.
CASES: dict[str, Callable[[pipeline_cases.Place, argparse.Namespace], dict[str, Any]]] = {
    **{name: _throughput(name) for name in pipeline_cases.CASES},
    "small": lambda place, options: pipeline_cases.small(place, options.clients, options.rounds),
    "stages": lambda place, options: pipeline_stages.run(place, options.rounds),
    "mix": _mix,
}


def save(results: dict[str, Any], programs: Programs, corpus: dict[str, float], output: Path) -> None:
    """Writes what there is so far, so that a run of an hour that is ended keeps its cases."""
    command = machine.this_command()
    about = results.get("about", {})
    earlier = [line for line in about.get("commands", []) if line != command]
    results["about"] = {
        "machine": machine.describe_machine(), "versions": about.get("versions", {}) | versions(programs),
        "commands": [*earlier, command], "date": machine.today(), "corpus": corpus,
    }
    pipeline_report.write_all(results, output)


def main() -> None:
    """Measures what was asked for and writes the results."""
    options = parse()
    interrupts.unwind_on_signals()
    setup.install_tools()
    # img2dataset's environment also writes the lists.
    peers = {"img2dataset", *options.clients} - {"pixhaul"}
    programs = Programs(options.pixhaul.resolve(), {name: setup.dataset_peer(name) for name in sorted(peers)})
    root = setup.BUILD / "web"
    corpus = web_corpus.write_web_corpus(root)
    results = json.loads(options.output.read_text()) if options.append and options.output.exists() else {}
    with ExitStack() as stack:
        budget = stack.enter_context(warm_memory(0.1 if options.quick else 0.5))
        scratch = setup.BUILD / f"pipeline-{os.getpid()}"
        scratch.mkdir(parents=True)
        stack.callback(shutil.rmtree, scratch)
        certificates = make_certificates(setup.BUILD / "certificates", ["IP:127.0.0.1", "DNS:localhost", "DNS:*.bench.test"])
        origin = stack.enter_context(
            nginx.serve(scratch / "nginx", root, certificates, prefix=("taskset", "-c", str(SERVER_CPU))))
        shelf = FolderShelf(options.workdir, budget)
        stack.callback(shelf.clear)
        variables = dataset_peers.environment(trust_bundle(certificates))
        place = pipeline_cases.Place(origin, programs, shelf, scratch, root, variables, corpus["mean_bytes"], SERVER_CPU,
                                     CLIENT_CPU, options.quick)
        for name in options.cases:
            try:
                results.setdefault("cases", {})[name] = CASES[name](place, options)
            except (RuntimeError, OSError) as error:
                print(f"!!! case {name} failed: {error}", file=sys.stderr)
            save(results, programs, corpus, options.output)


if __name__ == "__main__":
    main()
