"""P15: parsers hold: every fuzz harness for a while with address and undefined-behaviour checks, the differential
tests, and each I/O call made to fail in turn."""

import os
import re
import subprocess

from rig import BUILD, ROOT, Figure, count, run_test

DIFFERENTIAL = ("tests/differential/differential_http1_test", "tests/differential/differential_url_test",
                "tests/differential/differential_size_test")
TORTURE = ("tests/ledger/ledger_commit_test", "tests/ledger/ledger_run_folder_test", "tests/writers/writers_files_test")


def measure():
    seconds = count(10, 120)
    subprocess.run(["cmake", "--preset", "fuzz"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["ninja", "-C", "build/fuzz", "tests/fuzz/all"], cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(["tools/fuzz", str(seconds)], cwd=ROOT, capture_output=True, text=True)
    harnesses = re.search(r"(\d+) harnesses passed", done.stdout)
    passed, said, names = done.returncode == 0, done.stdout + done.stderr, 0
    for binary in (*DIFFERENTIAL, *TORTURE):
        if binary in DIFFERENTIAL and not (BUILD / binary).exists():
            continue
        held, text = run_test(binary, env={"PIXHAUL_CASES": str(count(20_000, 1_000_000))})
        names += 1
        if not held:
            passed, said = False, said + text
    cpus = os.cpu_count() or 1
    return Figure(f"{0 if passed else 'some'} findings of {harnesses[1] if harnesses else '?'} harnesses at {seconds} s each "
                  f"({cpus} at once) and {names} differential and torture tests", "0 findings", passed, said)
