#!/usr/bin/python3
"""Decode, resize the shorter side to 256 by area and encode at quality 95: ours beside OpenCV's wheel.

    bench/resize.py                          the pipeline benchmark's photographs
    bench/resize.py --photographs FOLDER     JPEGs of your own

One thread, files in memory, CPU time of the stage alone. Both run in every round, one after the other. Quality is the PSNR
of the decoded results against the whole picture resized in doubles; a JPEG's own loss is in it. Writes
bench/results/resize.{json,md}.
"""

import argparse
import json
import statistics
import subprocess
from pathlib import Path
from typing import Any

from support import machine, report, setup, web_corpus

TOOL = setup.ROOT / "build" / "tools" / "pixels"
PEER = setup.ROOT / "bench" / "peers" / "opencv_resize.py"
LEAST_RATIO = 1.8
MOST_LOST_DB = 0.2


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, help="a folder of JPEGs")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--quality", type=int, default=95)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pixels", type=Path, default=TOOL, help="tools/pixels of a release build")
    parser.add_argument("--output", type=Path, default=setup.RESULTS / "resize.json")
    return parser.parse_args()


def photographs(folder: Path | None) -> list[str]:
    """Returns the JPEGs of `folder`, or those of the pipeline benchmark."""
    if folder is None:
        corpus = setup.BUILD / "web"
        web_corpus.write_web_corpus(corpus)
        folder = corpus / "photos"
    return sorted(str(file) for file in folder.glob("*.jpg"))


def once(command: list[str], options: argparse.Namespace, folder: Path, files: list[str]) -> float:
    """Runs a client over all files: once unmeasured, once measured. Returns CPU milliseconds an image."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["time", str(options.side), str(options.quality), "1", str(folder)]
    done = subprocess.run([*command, *words, *files], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def qualities(python: str, options: argparse.Namespace, folder: Path, files: list[str]) -> list[tuple[float, float]]:
    """Returns the PSNR of luminance and of RGB of each result in `folder`."""
    command = [python, str(PEER), "psnr", str(options.side), str(folder), *files]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return [(float(words[0]), float(words[1])) for words in map(str.split, done.stdout.splitlines())]


def measure(options: argparse.Namespace, python: str) -> dict[str, Any]:
    """Runs both over all files and returns times, their ratios and qualities."""
    files = photographs(options.photographs)
    clients = {"pixhaul": [str(options.pixels)], "OpenCV": [python, str(PEER)]}
    folders = {name: setup.BUILD / "resize" / name for name in clients}
    times: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(options.rounds):
        for name, command in clients.items():
            times[name].append(once(command, options, folders[name], files))
    psnr = {}
    for name in clients:
        luminance, color = zip(*qualities(python, options, folders[name], files))
        psnr[name] = {"luminance": statistics.mean(luminance), "rgb": statistics.mean(color)}
    ratios = [theirs / ours for ours, theirs in zip(times["pixhaul"], times["OpenCV"])]
    return {"files": len(files), "side": options.side, "quality": options.quality, "rounds": options.rounds, "cpu_ms": times,
            "psnr_db": psnr, "ratios": ratios}


def markdown(results: dict[str, Any]) -> str:
    """Returns the page."""
    about, psnr = results["about"], results["psnr_db"]
    rows = [
        [name, report.spread(statistics.median(times), min(times), max(times), 3), f"{psnr[name]['luminance']:.2f}",
         f"{psnr[name]['rgb']:.2f}"]
        for name, times in results["cpu_ms"].items()
    ]
    lost = max(psnr["OpenCV"][kind] - psnr["pixhaul"][kind] for kind in ("luminance", "rgb"))
    targets = report.table(["target", "measured (limit)"], [
        ["OpenCV's CPU / pixhaul's, median of the rounds", report.at_least(statistics.median(results["ratios"]), LEAST_RATIO)],
        ["dB below OpenCV, the worse of luminance and RGB", report.verdict(lost, MOST_LOST_DB)],
    ])
    head = ["client", "CPU ms/image [min–max]", "PSNR luminance, dB", "PSNR RGB, dB"]
    origin = report.origin_lines(about["machine"], about["versions"], about["command"], about["date"])
    return (
        f"# The resize stage alone\n\n{origin}\n\n{results['files']} photographs decoded, the shorter side made {results['side']} by area, "
        f"encoded at quality {results['quality']}; one thread, files in memory, {results['rounds']} rounds.\n\n{targets}\n\n"
        f"{report.table(head, rows)}\n"
    )


def main() -> None:
    """Measures and writes the results."""
    options = parse()
    if options.pixels == TOOL:
        subprocess.run(["ninja", "-C", str(setup.ROOT / "build"), "--quiet", "pixels"], check=True)
    python = setup.dataset_peer("opencv")
    results = measure(options, str(python))
    results["about"] = {
        "machine": machine.describe_machine(), "command": machine.this_command(), "date": machine.today(),
        "versions": setup.package_versions(python, ("opencv-python-headless",)),
    }
    page = markdown(results)
    report.write(options.output, json.dumps(results, indent=1) + "\n")
    report.write(options.output.with_suffix(".md"), page)
    print(page)


if __name__ == "__main__":
    main()
