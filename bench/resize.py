#!/usr/bin/python3
"""Decode, resize the shorter side to 256 by area and encode at quality 95: ours beside OpenCV's wheel.

    bench/resize.py                          the pipeline benchmark's photographs
    bench/resize.py --photographs FOLDER     JPEGs of your own

One thread, files in memory, CPU time of the stage alone. Both run in every round, one after the other. Quality is the PSNR
of the decoded results against the whole picture resized in doubles; a JPEG's own loss is in it.
"""

import argparse
import statistics
import subprocess
from pathlib import Path

from support import setup, web_corpus

TOOL = setup.ROOT / "build" / "tools" / "pixels"
PEER = setup.ROOT / "bench" / "peers" / "opencv_resize.py"


def parse() -> argparse.Namespace:
    """Returns the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=Path, help="a folder of JPEGs")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--quality", type=int, default=95)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pixels", type=Path, default=TOOL, help="tools/pixels of a release build")
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


def main() -> None:
    """Measures and prints a table."""
    options = parse()
    if options.pixels == TOOL:
        subprocess.run(["ninja", "-C", str(setup.ROOT / "build"), "--quiet", "pixels"], check=True)
    python = str(setup.dataset_peer("opencv"))
    files = photographs(options.photographs)
    clients = {"pixhaul": [str(options.pixels)], "OpenCV": [python, str(PEER)]}
    folders = {name: setup.BUILD / "resize" / name for name in clients}
    times: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(options.rounds):
        for name, command in clients.items():
            times[name].append(once(command, options, folders[name], files))
    print(f"{len(files)} photographs, shorter side {options.side}, quality {options.quality}, {options.rounds} rounds")
    for name in clients:
        luminance, color = zip(*qualities(python, options, folders[name], files))
        low, middle, high = min(times[name]), statistics.median(times[name]), max(times[name])
        print(f"{name:8} {middle:7.3f} ms CPU an image [{low:.3f} to {high:.3f}]   PSNR luminance "
              f"{statistics.mean(luminance):.2f} dB, RGB {statistics.mean(color):.2f} dB")
    ratios = [theirs / ours for ours, theirs in zip(times["pixhaul"], times["OpenCV"])]
    print(f"ratio    {statistics.median(ratios):7.2f} [{min(ratios):.2f} to {max(ratios):.2f}], of one round each")


if __name__ == "__main__":
    main()
