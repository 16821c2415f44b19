#!/usr/bin/python3
"""The four settings, pixhaul beside Python's requests, on loopback and over a 40 ms, 100 Mbit/s link.

    bench/sessions.py               loopback and link × http and https × 100 KB and 30 KB × 20 and 40 images
    bench/sessions.py --rounds 3 --places link --schemes http

Each block is one run of `pixhaul compare --with requests`, whose rounds are interleaved, with the physical floor
(support/floor.py) beside it. Writes bench/results/sessions.{json,md,svg}.
"""

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import floor, interrupts, link, machine, nginx, plot, report, setup
from support.certificates import make_certificates
from support.photographs import write_photographs

IMAGES = (20, 40)
SIZES = {"100 KB": 100_000, "30 KB": 30_000}
LINK = link.LinkSettings(rtt_ms=40.0, mbit=100.0)
MOST_OVER_FLOOR = 1.25
_PORTS = (8080, 8443, 8444)


@dataclass(frozen=True)
class Block:
    """One comparison: where, over which scheme, with images of which size."""

    place: str
    scheme: str
    size: str

    @property
    def title(self) -> str:
        """The block's heading."""
        where = "loopback" if self.place == "loopback" else f"{LINK.rtt_ms:.0f} ms, {LINK.mbit:.0f} Mbit/s"
        return f"{where}, {self.scheme}, {self.size} images"


@dataclass(frozen=True)
class Bench:
    """What every block needs."""

    pixhaul: Path
    python: Path
    work: Path
    rounds: int


def compare_command(bench: Bench, urls: Path, ca_file: Path, network: str, output: Path) -> list[str]:
    """Returns the command of one comparison."""
    return [
        str(bench.pixhaul), "compare", str(urls), "--images", ",".join(map(str, IMAGES)), "--rounds", str(bench.rounds),
        "--with", "requests", "--allow_net", network, "--ca_file", str(ca_file),
        "--json", str(output), "--plot", str(output.with_suffix(".svg")),
    ]


def run_block(bench: Bench, block: Block) -> dict[str, Any]:
    """Runs one comparison and returns its JSON with the floor's seconds and the real image size added.

    Args:
        bench: Programs and folders.
        block: Which comparison.

    Returns:
        The block's results.
    """
    root = bench.work / f"photographs-{block.size.replace(' ', '')}"
    photographs = write_photographs(root, max(IMAGES), SIZES[block.size])
    scratch = bench.work / f"sessions-{os.getpid()}"
    scratch.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scratch)
        wide = stack.enter_context(link.wide_area_link(bench.work, LINK)) if block.place == "link" else None
        address = wide.origin_address if wide else "127.0.0.1"
        certificates = make_certificates(bench.work / f"certificates-{block.place}", [f"IP:{address}"])
        home = scratch / "nginx"
        origin = stack.enter_context(nginx.serve(
            home, root, certificates, address, _PORTS if wide else (), wide.origin_prefix if wide else ()))
        urls = scratch / "urls.txt"
        base = origin.base("tls" if block.scheme == "https" else "plain")
        urls.write_text("".join(f"{base}/{photograph.name}\n" for photograph in photographs))
        output = scratch / "compare.json"
        command = compare_command(bench, urls, origin.ca_file, wide.network if wide else "127.0.0.0/8", output)
        # The twin is run as python3 from PATH: the one that has requests.
        path = {**os.environ, "PATH": f"{bench.python.parent}:{os.environ['PATH']}"}
        print(f"\n== {block.title}", flush=True)
        subprocess.run([*(wide.client_prefix if wide else ()), *command], env=path, check=True)
        found: dict[str, Any] = json.loads(output.read_text())
    sizes = [photograph.stat().st_size for photograph in photographs]
    return {"block": vars(block), "image_bytes": round(statistics.mean(sizes)), "compare": found}


def cells_of(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns a block's HTTP/1.1 cells, pixhaul's and those of requests."""
    return [cell for cell in result["compare"]["cells"] if cell["http_version"] == "1.1"]


def find(result: dict[str, Any], client: str, connection: str, body: str, images: int) -> dict[str, Any] | None:
    """Returns one cell of a block, or None."""
    wanted = (client, connection, body, images)
    return next((cell for cell in cells_of(result)
                 if (cell["client"], cell["connection"], cell["body"], cell["images"]) == wanted), None)


def seconds_of(cell: dict[str, Any] | None, connection: str) -> tuple[float | None, float | None]:
    """Returns a cell's cold and warm seconds: the first round and the median of the others; `fresh` is always cold."""
    if cell is None or not cell["seconds"]:
        return None, None
    if connection == "fresh":
        return statistics.median(cell["seconds"]), None
    warm = cell["seconds"][1:]
    return cell["seconds"][0], statistics.median(warm) if warm else None


def block_floor(result: dict[str, Any], images: int, warm: bool) -> float:
    """Returns the floor of a round in a block; 0 on loopback, where it says nothing."""
    block = result["block"]
    if block["place"] == "loopback":
        return 0.0
    path = floor.LinkPath(LINK.rtt_ms / 1e3, LINK.mbit * 1e6)
    return floor.floor_seconds(path, images, result["image_bytes"], block["scheme"] == "https", warm, floor.restarts_after_idle())


def _cell_rows(result: dict[str, Any]) -> list[list[str]]:
    """Returns a block's table rows: setting and count, cold and warm."""
    rows = []
    for connection, body, images in itertools.product(("reuse", "fresh"), ("stream", "buffer"), IMAGES):
        ours = seconds_of(find(result, "pixhaul", connection, body, images), connection)
        theirs = seconds_of(find(result, "requests", connection, body, images), connection)
        for warm in (False, True):
            mine, other = ours[warm], theirs[warm]
            if mine is None:
                continue
            least = block_floor(result, images, warm)
            against = "–" if other is None else f"{mine / other:.2f} {'met' if mine < other else 'MISSED'}"
            rows.append([
                f"{connection} · {body}", str(images), "warm" if warm else "cold", f"{mine:.4f}",
                "–" if other is None else f"{other:.4f}", against,
                f"{least:.4f}" if least else "–", report.verdict(mine / least, MOST_OVER_FLOOR) if least else "–",
            ])
    return rows


def markdown(results: dict[str, Any]) -> str:
    """Returns the page."""
    about = results["about"]
    head = ["setting", "images", "session", "pixhaul s", "requests s", "ratio (< 1)", "floor s", "over the floor"]
    sections = [f"## {Block(**result['block']).title}\n\n{report.table(head, _cell_rows(result))}" for result in results["blocks"]]
    origin = report.origin_lines(about["machine"], about["versions"], about["command"], about["date"])
    return (
        f"# The four settings\n\n{origin}\n\nSeconds for all images of a round at once. Cold is a session's first round; "
        "warm is the median of the others; `fresh` opens a connection for each image, so every round is cold (median of "
        f"all). The floor is what round trips, an initial window of 10 segments and the link's rate allow.\n\n"
        "![seconds a round](sessions.svg)\n\n" + "\n\n".join(sections) + "\n"
    )


def picture(results: dict[str, Any]) -> str:
    """Returns the plot: 40 images, pixhaul and requests beside the floor, a group for each block."""
    groups = []
    for result in results["blocks"]:
        bars = []
        for connection, body in itertools.product(("reuse", "fresh"), ("stream", "buffer")):
            for series, client in enumerate(("pixhaul", "requests")):
                cold, warm = seconds_of(find(result, client, connection, body, IMAGES[-1]), connection)
                value = warm if warm is not None else cold
                if value is not None:
                    least = block_floor(result, IMAGES[-1], warm is not None) or None
                    bars.append(plot.Bar(f"{client} · {connection} · {body}", value, series=series, floor=least))
        groups.append(plot.Group(Block(**result["block"]).title, bars))
    return plot.bars(f"{IMAGES[-1]} images at once, seconds", "shorter is better; the red mark is the physical floor; sessions warm", groups)


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--places", choices=["loopback", "link"], nargs="+", default=["loopback", "link"])
    parser.add_argument("--schemes", choices=["http", "https"], nargs="+", default=["http", "https"])
    parser.add_argument("--sizes", choices=list(SIZES), nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--pixhaul", type=Path, default=setup.PIXHAUL)
    parser.add_argument("--output", type=Path, default=setup.RESULTS / "sessions.json")
    return parser.parse_args()


def main() -> None:
    """Runs the blocks asked for and writes the results."""
    options = parse()
    interrupts.unwind_on_signals()
    if not os.access(options.pixhaul, os.X_OK):
        sys.exit(f"sessions.py: {options.pixhaul} is not there; build it first (cmake --preset release)")
    setup.install_tools()
    python = setup.python_peers()
    reason = link.why_not()
    if reason and "link" in options.places:
        print(f"!!! no link, its blocks are SKIPPED: {reason}", file=sys.stderr)
        options.places.remove("link")
    bench = Bench(options.pixhaul.resolve(), python, setup.BUILD, options.rounds)
    blocks = [Block(*axes) for axes in itertools.product(options.places, options.schemes, options.sizes)]
    results = {
        "blocks": [run_block(bench, block) for block in blocks],
        "about": {
            "machine": machine.describe_machine(), "command": machine.this_command(), "date": machine.today(),
            "versions": {
                "pixhaul": machine.version_of([str(bench.pixhaul), "--version"]),
                "nginx": machine.version_of([nginx.NGINX, "-v"]),
                "python": machine.version_of([str(python), "--version"]),
            } | setup.package_versions(python),
        },
    }
    report.write(options.output, json.dumps(results, indent=1) + "\n")
    report.write(options.output.with_suffix(".md"), markdown(results))
    report.write(options.output.with_suffix(".svg"), picture(results))


if __name__ == "__main__":
    main()
