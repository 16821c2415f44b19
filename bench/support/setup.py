"""What all benchmarks stand on: the Python peers in virtual environments, and where files go."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "bench"
RESULTS = ROOT / "bench" / "results"
PIXHAUL = ROOT / "build" / "pixhaul"
_PACKAGES = ("aiohttp", "requests")


def install_tools() -> None:
    """Installs the Debian packages of the group `bench`; nothing when all are there."""
    subprocess.run([str(ROOT / "tools" / "install_packages"), "bench"], check=True)


def _installed(name: str, words: Sequence[str], contents: str) -> Path:
    """Makes the virtual environment `name` unless it holds what `contents` says already, and returns its python."""
    venv = BUILD / name
    python, done = venv / "bin" / "python", venv / "installed"
    if not done.exists() or done.read_text() not in ("", contents):
        print(f"installing {contents.strip()} into {venv}", flush=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *words], check=True)
        done.write_text(contents)
    return python


def python_peers() -> Path:
    """Makes the virtual environment with aiohttp and requests unless it is there, and returns its python."""
    return _installed("venv", _PACKAGES, " ".join(_PACKAGES))


def dataset_peer(name: str) -> Path:
    """Makes the virtual environment of a dataset tool, as its list `peers/NAME.txt` says, and returns its python."""
    requirements = ROOT / "bench" / "peers" / f"{name}.txt"
    return _installed(name, ["-r", str(requirements)], requirements.read_text())


def package_versions(python: Path, packages: Sequence[str] = _PACKAGES) -> dict[str, str]:
    """Returns the versions of Python packages."""
    code = "import importlib.metadata as m; print(*(f'{n}={m.version(n)}' for n in %r))" % list(packages)
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return dict(pair.split("=") for pair in done.stdout.split())
