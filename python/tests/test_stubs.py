"""The stubs say what the package does."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_stubs_are_up_to_date():
    done = subprocess.run([sys.executable, ROOT / "tools/python_stubs.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
