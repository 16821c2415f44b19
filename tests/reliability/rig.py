"""What the promises' modules share: the end-to-end rig, the verifier, and the form of a result."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RELIABILITY_BUILD", ROOT / "build/dev"))
os.environ.setdefault("E2E_PIXHAUL", str(BUILD / "pixhaul"))
os.environ.setdefault("E2E_ORIGIN", str(BUILD / "tools/origin"))
sys.path.insert(0, str(ROOT / "tests/end_to_end"))

from support import LOOPBACK, Origin, Running, clean_environment  # noqa: E402,F401

ARROW_PYTHON = ROOT / "build/venv/arrow/bin/python"
FAST = os.environ.get("FAST", "0") not in ("", "0")


@dataclasses.dataclass
class Figure:
    """What was measured, what it has to be, whether it is."""

    figure: str
    target: str
    passed: bool
    detail: str = ""


def count(fast, full):
    """How many: of a slice, or of the whole."""
    return fast if FAST else full


class Bench:
    """A folder, an origin with its ledger, and pixhaul run on them."""

    def __init__(self, *origin_arguments):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pixhaul-rel-"))
        self.ledger = self.folder / "ledger.ndjson"
        self.origin = Origin("--ledger", self.ledger, *origin_arguments)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self.origin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_list(self, urls, name="urls.txt"):
        (self.folder / name).write_text("".join(url + "\n" for url in urls))
        return name

    def start(self, *arguments, **settings):
        return Running([*arguments, *LOOPBACK, *self.origin.dns, "--proxy", "none"], self.folder, **settings)

    def run(self, *arguments, timeout=300, **settings):
        return self.start(*arguments, **settings).finish(timeout)

    def verify(self, *lists, output="images", **options):
        """The verifier's exit code and what it said."""
        python = str(ARROW_PYTHON) if ARROW_PYTHON.exists() else sys.executable
        given = [part for name, value in options.items()
                 for part in ([f"--{name}"] if value is True else [f"--{name}", str(value)])]
        done = subprocess.run([python, ROOT / "tools/verify.py", *lists, "--output", output, "--ledger",
                               self.ledger, *given], cwd=self.folder, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def run_test(binary, *arguments, env=None, timeout=3600):
    """A test binary of the build; its output as text, and whether it passed."""
    done = subprocess.run([BUILD / binary, *arguments], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})
    return done.returncode == 0, done.stdout + done.stderr
