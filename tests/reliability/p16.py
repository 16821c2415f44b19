"""P16: no data race: the tests of net and pipeline and whole runs of the command under ThreadSanitizer."""

import os
import shutil
import subprocess
import sys

from rig import ROOT, Figure


def measure():
    build = ROOT / "build/tsan"
    run = lambda *command, **more: subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **more)  # noqa: E731
    run("cmake", "--preset", "tsan", check=True)
    run("ninja", "-C", str(build), "tests/net/all", "tests/pipeline/all", "tests/simulation/all", "pixhaul", "tools/origin",
        check=True)
    # ThreadSanitizer of g++ 12 does not start where addresses are spread over more than 28 bits.
    fixed = ["setarch", os.uname().machine, "-R"] if shutil.which("setarch") else []
    options = {**os.environ, "TSAN_OPTIONS": "halt_on_error=0 exitcode=66", "PIXHAUL_SEEDS": "100", "PIXHAUL_REPLAYS": "3"}
    tests = run(*fixed, "ctest", "--test-dir", str(build), "-R", "^(net|pipeline|simulation)/", "--output-on-failure",
                env=options)
    whole = run(*fixed, sys.executable, "tests/end_to_end/download_test.py",
                env={**options, "E2E_PIXHAUL": str(build / "pixhaul"), "E2E_ORIGIN": str(build / "tools/origin"),
                     "E2E_SANITIZE": "thread"})
    said = tests.stdout + whole.stderr
    reports = said.count("WARNING: ThreadSanitizer")
    return Figure(f"{reports} reports", "0 reports", reports == 0 and tests.returncode == 0 and whole.returncode == 0,
                  said[-3000:])
