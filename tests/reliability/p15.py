"""P15: parsers hold: every fuzz harness for a while with address and undefined-behaviour checks, the differential
tests, and each I/O call made to fail in turn."""

import os
import re
import subprocess

from rig import BUILD, ROOT, Figure, count, run_test

DIFFERENTIAL = ("http1", "url", "size")
TORTURE = ("tests/ledger/ledger_commit_test", "tests/ledger/ledger_run_folder_test", "tests/writers/writers_files_test")


def fuzz(seconds):
    """How many harnesses held, or None, and what was said."""
    subprocess.run(["cmake", "--preset", "fuzz"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["ninja", "-C", "build/fuzz", "tests/fuzz/all"], cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(["tools/fuzz", str(seconds)], cwd=ROOT, capture_output=True, text=True)
    harnesses = re.search(r"(\d+) harnesses passed", done.stdout)
    return int(harnesses[1]) if done.returncode == 0 and harnesses else None, done.stdout + done.stderr


def differential(name, cases):
    """A test that is skipped, for want of the other parser, has not passed."""
    done = subprocess.run(["ctest", "--test-dir", BUILD, "-R", f"^differential/{name}$", "--output-on-failure"],
                          capture_output=True, text=True, env={**os.environ, "PIXHAUL_CASES": str(cases)})
    return done.returncode == 0 and "Passed" in done.stdout and "Skipped" not in done.stdout, done.stdout


def measure():
    seconds = count(10, 120)
    harnesses, said = fuzz(seconds)
    failed = [] if harnesses else ["fuzz"]
    for name in DIFFERENTIAL:
        held, text = differential(name, count(20_000, 1_000_000))
        if not held:
            failed.append(name)
            said += text
    for binary in TORTURE:
        held, text = run_test(binary)
        if not held:
            failed.append(binary)
            said += text
    return Figure(f"{len(failed)} findings of {harnesses or '?'} harnesses at {seconds} s each ({os.cpu_count() or 1} at once), "
                  f"{len(DIFFERENTIAL)} differential and {len(TORTURE)} torture tests", "0 findings", not failed, said)


if __name__ == "__main__":
    print(measure())
