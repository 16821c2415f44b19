"""From the pipeline benchmark's runs to a table of targets, the tables behind it, and a plot."""

import json
import statistics
from pathlib import Path
from typing import Any

from support import plot, report

# Of issue B: case, peer, least that pixhaul's images per CPU second may be as a multiple of the peer's.
TARGETS = [
    ("resize", "img2dataset", 2.5),
    ("resize", "daft", 4.0),
    ("resize-tls", "img2dataset", 15.0),
    ("originals", "img2dataset", 6.0),
    ("originals-tls", "img2dataset", 200.0),
]
LEAST_SMALL_RATIO = 20.0
LEAST_RESIZE_RATIO = 1.8
LEAST_MIX_RATIO = 15.0
MOST_MIX_TAIL_SECONDS = 12.0
MOST_MIX_MEMORY_SHARE = 0.3
TITLES = {
    "resize": "webdataset, border 256, quality 95, sha256, EXIF, http",
    "resize-tls": "the same, https",
    "originals": "originals, sha256, webdataset, http",
    "originals-tls": "originals, sha256, webdataset, https",
}
_NAMES = {"pixhaul": "pixhaul", "img2dataset": "img2dataset", "daft": "Daft"}
_COLOURS = {"pixhaul": 0, "img2dataset": 1, "daft": 3}


def median_of(runs: list[dict[str, Any]], what: str) -> float | None:
    """Returns the median of one figure over runs; None when a run lacks it or there is none."""
    values = [run[what] for run in runs]
    return statistics.median(values) if values and None not in values else None


def _figure(cases: dict[str, Any], case: str, client: str, what: str) -> float | None:
    """Returns the median of a client's figure in a case; None when it was not measured or failed."""
    found = cases.get(case, {})
    if client in found.get("failures", {}):
        return None
    return median_of(found.get("runs", {}).get(client, []), what)


def _quotient(above: float | None, below: float | None) -> float | None:
    return above / below if above is not None and below else None


def _count(value: float | None, digits: int = 0, unit: str = "") -> str:
    return "–" if value is None else f"{value:,.{digits}f}{unit}"


def _rate_rows(cases: dict[str, Any]) -> list[list[str]]:
    """Returns the targets' rows that compare images per CPU second."""
    rows = []
    for case, peer, limit in TARGETS:
        ours, theirs = (_figure(cases, case, client, "cpu_us") for client in ("pixhaul", peer))
        rates = [_quotient(1e6, cost) for cost in (ours, theirs)]
        rows.append([TITLES[case] + ": images per CPU second", f"{_count(rates[0])}", f"{_NAMES[peer]} {_count(rates[1])}",
                     report.at_least(_quotient(theirs, ours), limit)])
    return rows


def _mix_rows(cases: dict[str, Any]) -> list[list[str]]:
    """Returns the targets' rows of the web mix."""
    final, wall, peak, count = (
        tuple(_figure(cases, "mix", client, what) for client in ("pixhaul", "img2dataset"))
        for what in ("final_seconds", "wall_seconds", "peak_bytes", "successes"))
    tail = wall[0] - final[0] if wall[0] is not None and final[0] is not None else None
    same = "–" if None in count else ("met" if count[0] == count[1] else "MISSED")
    mib = [None if value is None else value / 2**20 for value in peak]
    return [
        ["web mix: seconds until 98 % of the rows are final", _count(final[0], 1), f"img2dataset {_count(final[1], 1)}",
         report.at_least(_quotient(final[1], final[0]), LEAST_MIX_RATIO)],
        ["web mix: seconds from there to the end", _count(tail, 1), "–", report.verdict(tail, MOST_MIX_TAIL_SECONDS)],
        ["web mix: images", _count(count[0]), f"img2dataset {_count(count[1])}", f"equal: {same}"],
        ["web mix: peak memory, MiB", _count(mib[0]), f"img2dataset {_count(mib[1])}",
         report.verdict(_quotient(peak[0], peak[1]), MOST_MIX_MEMORY_SHARE)],
    ]


def _resize_row(resize: dict[str, Any]) -> list[str]:
    """Returns the target's row of the resize stage alone, which bench/resize.py measures."""
    times = resize.get("cpu_ms", {})
    ours, theirs = (statistics.median(times[name]) if name in times else None for name in ("pixhaul", "OpenCV"))
    ratio = statistics.median(resize["ratios"]) if resize else None
    return ["resize stage alone, CPU ms an image", _count(ours, 2), f"OpenCV {_count(theirs, 2)}", report.at_least(ratio, LEAST_RESIZE_RATIO)]


def target_rows(cases: dict[str, Any], resize: dict[str, Any]) -> list[list[str]]:
    """Returns all rows of the table of targets."""
    small = [_figure(cases, "small", client, "wall_seconds") for client in ("pixhaul", "img2dataset")]
    return [
        *_rate_rows(cases),
        ["whole call for 100 images, seconds", _count(small[0], 3), f"img2dataset {_count(small[1], 2)}",
         report.at_least(_quotient(small[1], small[0]), LEAST_SMALL_RATIO)],
        _resize_row(resize),
        *_mix_rows(cases),
    ]


def _throughput_section(name: str, case: dict[str, Any]) -> str:
    """Returns a case's heading and table."""
    rows = []
    for client, runs in case["runs"].items():
        if client in case["failures"] or not runs:
            why = case["failures"].get(client, "not measured").replace("|", "/").replace("\n", " ")
            rows.append([f"{_NAMES[client]} **FAILED**", why[:300], "", "", "", "", ""])
            continue
        costs = [run["cpu_us"] for run in runs]
        median = statistics.median(costs)
        rows.append([
            _NAMES[client], report.spread(median, min(costs), max(costs)), f"{1e6 / median:,.0f}",
            f"{median_of(runs, 'start_cpu_seconds'):.2f}", f"{median_of(runs, 'rate'):,.0f}", f"{runs[0]['images']:,}",
            f"{sum(run['clean'] for run in runs)}/{len(runs)}"])
    head = ["client", "CPU µs/image [min–max]", "images per CPU s", "start-up CPU s", "images/s with start-up", "images a run",
            "quiet runs"]
    return f"## {TITLES[name][0].upper()}{TITLES[name][1:]}\n\n{report.table(head, rows)}"


def _small_section(case: dict[str, Any]) -> str:
    """Returns the table of the hundred images."""
    rows = []
    for client, runs in case["runs"].items():
        walls = [run["wall_seconds"] for run in runs]
        if walls:
            rows.append([_NAMES[client], report.spread(statistics.median(walls), min(walls), max(walls), 3),
                         f"{median_of(runs, 'cpu_seconds'):.3f}"])
    return f"## {case['images']} images, the whole call\n\n{report.table(['client', 'seconds [min–max]', 'CPU s'], rows)}"


def _mix_section(case: dict[str, Any]) -> str:
    """Returns the table of the web mix, a row a run."""
    rows = []
    for client, runs in case["runs"].items():
        for run in runs:
            rows.append([_NAMES[client], _count(run["final_seconds"], 1), _count(run["wall_seconds"], 1), _count(run["cpu_seconds"], 1),
                         _count(run["successes"]), _count(run["peak_bytes"] / 2**20), str(run["exit_code"])])
    head = ["client", "98 % final, s", "whole run, s", "CPU s", "images", "peak MiB", "exit code"]
    return (f"## Web mix: {case['rows']:,} rows over {case['hosts']:,} host names\n\n{case['expected']:,} rows can succeed. Peak memory is "
            f"the proportional set size of the process tree.\n\n{report.table(head, rows)}")


def _stage_section(case: dict[str, Any]) -> str:
    """Returns where the time of one image goes."""
    rows = []
    for step in case["steps"]:
        costs = step["cpu_us"]
        whole = report.spread(statistics.median(costs), min(costs), max(costs)) if costs else "–"
        limit = "–" if step["floor_us"] is None else f"{' + '.join(step['floor'])} {step['floor_us']:.1f}"
        times = _quotient(step["own_us"], step["floor_us"])
        rows.append([step["name"], step["after"] or "–", whole, _count(step["own_us"], 1), limit, _count(times, 2, " ×")])
    head = ["step", "added to", "CPU µs/image [min–max]", "the step alone, µs", "its limit, µs", "over the limit"]
    alone = report.table(["limit", "µs/image"], [[name, f"{value:.1f}"] for name, value in case["floors_us"].items()])
    return (f"## Where the time of one image goes\n\nOne thing more is switched on at each step; the limits are `bench/floors`, each stage's "
            f"unavoidable part alone over the same files.\n\n{report.table(head, rows)}\n\n{alone}")


def markdown(results: dict[str, Any], resize: dict[str, Any]) -> str:
    """Returns the page; `resize` is what bench/resize.py found, or empty."""
    about, cases = results["about"], results.get("cases", {})
    corpus = about["corpus"]
    origin = report.origin_lines(about["machine"], about["versions"], "`, `".join(about["commands"]), about["date"])
    targets = report.table(["target", "pixhaul", "beside", "ratio (limit)"], target_rows(cases, resize))
    sections = [_throughput_section(name, cases[name]) for name in TITLES if name in cases]
    for name, section in (("small", _small_section), ("mix", _mix_section), ("stages", _stage_section)):
        if name in cases:
            sections.append(section(cases[name]))
    return (
        f"# The pipeline benchmark\n\n{origin}\n\n{corpus['count']:.0f} photographs under as many URLs as there are rows, mean "
        f"{corpus['mean_bytes'] / 1000:.1f} KB and {corpus['mean_pixels'] / 1e6:.2f} MP. CPU is user and system time of the client's whole "
        "process tree on one core; its start-up, measured by runs of 100 images, is taken off. 64 requests at once.\n\n"
        f"![CPU per image](pipeline.svg)\n\n## Targets\n\n{targets}\n\n" + "\n\n".join(sections) + "\n"
    )


def picture(results: dict[str, Any]) -> str:
    """Returns the plot: images per CPU second of every client, a group a case."""
    groups = []
    for name, title in TITLES.items():
        case = results.get("cases", {}).get(name)
        if case is None:
            continue
        bars = []
        for client, runs in case["runs"].items():
            if runs and client not in case["failures"]:
                costs = [run["cpu_us"] for run in runs]
                bars.append(plot.Bar(_NAMES[client], statistics.median(costs), min(costs), max(costs), _COLOURS[client]))
        groups.append(plot.Group(title, sorted(bars, key=lambda bar: bar.value)))
    return plot.bars("CPU per image, microseconds", "shorter is better; bars longer than 25 × the shortest are cut", groups, 25)


def write_all(results: dict[str, Any], output: Path) -> None:
    """Writes the results as JSON, Markdown and SVG beside one another."""
    report.write(output, json.dumps(results, indent=1) + "\n")
    resize = output.with_name("resize.json")
    found = json.loads(resize.read_text()) if resize.exists() else {}
    report.write(output.with_suffix(".md"), markdown(results, found))
    report.write(output.with_suffix(".svg"), picture(results))
