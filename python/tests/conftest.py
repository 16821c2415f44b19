"""What the package's tests share: one fault-injecting origin, an empty folder each, loopback allowed."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/end_to_end"))

from support import Origin  # noqa: E402  (found through the line above)


@pytest.fixture(scope="session")
def origin():
    with Origin() as running:
        yield running


@pytest.fixture(autouse=True)
def loopback(monkeypatch):
    """Every test may contact the origin, and nobody's environment reaches one."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIXHAUL_ALLOW_NET", "127.0.0.0/8")
    monkeypatch.setenv("PIXHAUL_PROGRESS", "none")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"
