#!/usr/bin/env python3
"""Measures the promises and prints one line for each: `P1 … figure … target … pass|fail`.

    make reliability            all of them, within 100 minutes
    make reliability FAST=1     smaller counts, within 40 minutes
    make reliability ONLY=P3    one of them (P3,P9: several)

A promise is a module here, p01.py to p16.py, with `measure()`. Results are kept for each commit under
build/reliability; a line printed without a fresh measurement is the kept one of the same commit."""

import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from rig import FAST, ROOT, Figure  # noqa: E402

PROMISES = [f"P{number}" for number in range(1, 17)]


def commit():
    head = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    changed = subprocess.run(["git", "status", "--porcelain", "-uno"], cwd=ROOT, capture_output=True, text=True)
    return (head.stdout.strip() or "unknown") + ("-changed" if changed.stdout.strip() else "")


def measure(promise):
    began = time.monotonic()
    try:
        figure = importlib.import_module(f"p{int(promise[1:]):02d}").measure()
    except Exception as error:  # a promise that cannot be measured is a promise that fails
        traceback.print_exc()
        figure = Figure(f"not measured: {error}", "measured", False)
    return {"promise": promise, "figure": figure.figure, "target": figure.target, "passed": figure.passed,
            "detail": figure.detail, "seconds": round(time.monotonic() - began, 1), "fast": FAST}


def line(result):
    verdict = "pass" if result["passed"] else "fail"
    return f"{result['promise']:<3} … {result['figure']} … {result['target']} … {verdict}"


def main():
    only = os.environ.get("ONLY", "")
    wanted = [name for name in re.split(r"[,\s]+", only) if name] or PROMISES
    folder = ROOT / "build/reliability"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{commit()}{'-fast' if FAST else ''}.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for promise in wanted:
        print(f"== {promise}", flush=True)
        results[promise] = measure(promise)
        kept.write_text(json.dumps(results, indent=1))
        print(line(results[promise]), f"({results[promise]['seconds']:.0f} s)", flush=True)
        if not results[promise]["passed"] and results[promise]["detail"]:
            print(results[promise]["detail"][-4000:])
    print("==")
    for promise in PROMISES:
        if promise in results:
            print(line(results[promise]))
    return 0 if all(results[promise]["passed"] for promise in wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
