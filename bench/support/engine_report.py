"""From the engine benchmark's runs to a table, the targets, and a plot."""

import json
import statistics
from pathlib import Path
from typing import Any

from support import corpus, plot, report

# Of issue A: cell, peer, most that pixhaul's CPU per image may be as a share of the peer's.
TARGETS = [
    ("30k/plain/64/memory", "wrk", 1.0),
    ("30k/tls/64/memory", "wrk", 1.05),
    ("30k/plain/64/files", "curl --parallel", 0.70),
    ("30k/plain/64/files", "wget2", 0.50),
    ("30k/plain/64/files", "aiohttp", 0.12),
    ("30k/plain/64/files", "requests, Session", 0.05),
    ("30k/tls/64/files", "curl --parallel", 0.80),
    ("30k/tls/64/files", "wget2", 0.65),
    ("30k/tls/64/files", "aiohttp", 0.15),
]
MOST_HOST_GROWTH = 1.6
MOST_LIST_MIB = 64.0
MOST_START_RATIO = 1.5
_COLOURS = {"pixhaul": 0, "wrk": 1, "h2load": 1, "curl": 2, "wget2": 3, "aria2c": 4, "aiohttp": 5, "requests": 6}


def _cost(cell: dict[str, Any] | None, peer: str) -> float | None:
    """Returns a peer's median CPU per image in a cell; None when it was not measured or a run failed."""
    runs = cell["runs"].get(peer, []) if cell else []
    if not runs or any(run["failed"] or not run["requests"] for run in runs):
        return None
    return statistics.median(run["cpu_us"] for run in runs)


def _title(cell: dict[str, Any]) -> str:
    """Returns a cell's heading."""
    shape = cell["cell"]
    transport = {"plain": "plain", "tls": "TLS", "h2": "HTTP/2"}[shape["transport"]]
    return f"{corpus.BODIES[shape['body']].title}, {transport}, {shape['connections']} at once, to {shape['sink']}"


def _row(name: str, runs: list[dict[str, Any]], ours: float | None) -> list[str]:
    """Returns a peer's row of a cell's table."""
    costs = [run["cpu_us"] for run in runs]
    median = statistics.median(costs)
    clean = f"{sum(run['clean'] for run in runs)}/{len(runs)}"
    failed = " **FAILED**" if any(run["failed"] or not run["requests"] for run in runs) else ""
    rate = statistics.median(run["rate"] for run in runs)
    user = statistics.median(run["user_us"] for run in runs)
    ratio = f"{ours / median:.2f}" if ours and median else "–"
    return [name + failed, report.spread(median, min(costs), max(costs)), f"{user:.1f}", ratio, f"{rate:,.0f}",
            f"{runs[0]['requests']:,}", clean]


def _cell_section(cell: dict[str, Any]) -> str:
    """Returns a cell's heading and table."""
    head = ["client", "CPU µs/image [min–max]", "user µs", "pixhaul / it", "images/s", "requests a run", "quiet runs"]
    ours = _cost(cell, "pixhaul")
    rows = [_row(name, runs, ours) for name, runs in cell["runs"].items() if runs]
    return f"### {_title(cell)}\n\n{report.table(head, rows)}"


def _ratio_rows(cells: dict[str, Any]) -> list[list[str]]:
    """Returns the rows of the targets that compare CPU per image."""
    rows = []
    for key, peer, limit in TARGETS:
        ours, theirs = _cost(cells.get(key), "pixhaul"), _cost(cells.get(key), peer)
        ratio = ours / theirs if ours and theirs else None
        rows.append([f"{key}: CPU / {peer}", report.verdict(ratio, limit)])
    return rows


def _case_rows(cases: dict[str, Any]) -> list[list[str]]:
    """Returns the rows of the targets of the other cases."""
    growth = extra = start = None
    hosts, lines, first = (cases.get(name, {}) for name in ("hosts", "list", "start"))
    if "cpu_us" in hosts:
        few, many = (statistics.median(runs) for runs in hosts["cpu_us"].values())
        growth = many / few
    sizes = [one["peak_bytes"] for one in lines.values() if isinstance(one, dict) and one["exit_code"] == 0]
    if len(sizes) == 2:
        extra = (sizes[1] - sizes[0]) / 2**20
    if "median_ms" in first:
        start = first["median_ms"]["pixhaul"] / first["median_ms"]["curl"]
    longest = max((one["lines"] for one in lines.values() if isinstance(one, dict)), default=10_000_000)
    return [
        [f"{hosts.get('images', 20_000):,} images, fresh: CPU over many names / over 200", report.verdict(growth, MOST_HOST_GROWTH)],
        [f"list of {longest:,} lines: MiB above 1,000 lines", report.verdict(extra, MOST_LIST_MIB)],
        ["start to first request / curl's", report.verdict(start, MOST_START_RATIO)],
    ]


def markdown(results: dict[str, Any]) -> str:
    """Returns the page."""
    about, cells = results["about"], results.get("cells", {})
    origin = report.origin_lines(about["machine"], about["versions"], "`, `".join(about["commands"]), about["date"])
    targets = report.table(["target", "measured (limit)"], _ratio_rows(cells) + _case_rows(results.get("cases", {})))
    sections = "\n\n".join(_cell_section(cell) for cell in cells.values())
    return (
        f"# The engine benchmark\n\n{origin}\n\nFiles went to {about['workdir']}. nginx on one core, the client on the "
        "other; CPU is user and system time of the client's whole process tree. Runs are quiet when others used less "
        "than a tenth of their wall time.\n\n![CPU per image](engine.svg)\n\n## Targets\n\n"
        f"{targets}\n\n## All cells\n\n{sections}\n"
    )


def picture(results: dict[str, Any]) -> str:
    """Returns the plot: CPU per image of every client in the 30 KB cells, or in all when there is none."""
    cells = results.get("cells", {})
    shown = [cell for key, cell in cells.items() if key.startswith("30k/") and "/64/" in key] or list(cells.values())
    groups = []
    for cell in shown:
        bars = []
        for name, runs in cell["runs"].items():
            if _cost(cell, name) is not None:
                costs = [run["cpu_us"] for run in runs]
                colour = next((c for word, c in _COLOURS.items() if name.startswith(word)), 7)
                bars.append(plot.Bar(name, statistics.median(costs), min(costs), max(costs), colour))
        groups.append(plot.Group(_title(cell), sorted(bars, key=lambda bar: bar.value)))
    return plot.bars("CPU per image, microseconds", "shorter is better; bars longer than 25 × the shortest are cut", groups, 25)


def write_all(results: dict[str, Any], output: Path) -> None:
    """Writes the results as JSON, Markdown and SVG beside one another."""
    report.write(output, json.dumps(results, indent=1) + "\n")
    report.write(output.with_suffix(".md"), markdown(results))
    report.write(output.with_suffix(".svg"), picture(results))
