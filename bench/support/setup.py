"""What both benchmarks stand on: the Python peers in a virtual environment, and where files go."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "bench"
RESULTS = ROOT / "bench" / "results"
PIXHAUL = ROOT / "build" / "pixhaul"
_PACKAGES = ["aiohttp", "requests"]


def install_tools() -> None:
    """Installs the Debian packages of the group `bench`; nothing when all are there."""
    subprocess.run([str(ROOT / "tools" / "install_packages"), "bench"], check=True)


def python_peers() -> Path:
    """Makes the virtual environment with aiohttp and requests unless it is there, and returns its python."""
    venv = BUILD / "venv"
    python = venv / "bin" / "python"
    done = venv / "installed"
    if not done.exists():
        print(f"installing {', '.join(_PACKAGES)} into {venv}", flush=True)
        subprocess.run(["/usr/bin/python3", "-m", "venv", str(venv)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *_PACKAGES], check=True)
        done.touch()
    return python


def package_versions(python: Path) -> dict[str, str]:
    """Returns the versions of the Python peers."""
    code = "import importlib.metadata as m; print(*(f'{n}={m.version(n)}' for n in %r))" % _PACKAGES
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)
    return dict(pair.split("=") for pair in done.stdout.split())
