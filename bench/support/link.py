"""A wide-area link on this machine: two network namespaces joined by the wanlink program (bench/wanlink).

Needs root, /dev/net/tun and the right to make namespaces. Names carry our pid, so that two runs do not meet; everything
made is taken away when the block ends, whatever ended it.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

WANLINK_SOURCE = Path(__file__).resolve().parent.parent / "wanlink" / "wanlink.cpp"


@dataclass(frozen=True)
class LinkSettings:
    """What the path is like."""

    rtt_ms: float = 40.0
    mbit: float = 100.0
    loss: float = 0.0
    queue_kb: int = 4096


@dataclass(frozen=True)
class Link:
    """A link that is up: the prefixes that run a command at either end, and the two addresses."""

    client_prefix: tuple[str, ...]
    origin_prefix: tuple[str, ...]
    client_address: str = "10.77.0.1"
    origin_address: str = "10.77.0.2"
    network: str = "10.77.0.0/24"


def _run(*command: str) -> None:
    """Runs a short command and raises with its words when it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def why_not() -> str:
    """Says in one sentence why no link can be made here, or returns an empty string when one can."""
    if os.geteuid() != 0:
        return "making network namespaces needs root"
    if shutil.which("ip") is None:
        return "the ip command (iproute2) is missing"
    try:
        os.close(os.open("/dev/net/tun", os.O_RDWR))
    except OSError as error:
        return f"this machine does not permit TUN devices (/dev/net/tun: {error.strerror})"
    name = f"pixhaul-try-{os.getpid()}"
    try:
        _run("ip", "netns", "add", name)
        try:
            _run("ip", "netns", "exec", name, "ip", "tuntap", "add", "dev", "try0", "mode", "tun")
        finally:
            _run("ip", "netns", "del", name)
    except RuntimeError as error:
        return f"this machine does not permit namespaces or TUN devices ({error})"
    return ""


def build_wanlink(build: Path) -> Path:
    """Compiles wanlink into `build` unless the program there is newer than its source, and returns it."""
    program = build / "wanlink"
    if program.exists() and program.stat().st_mtime >= WANLINK_SOURCE.stat().st_mtime:
        return program
    build.mkdir(parents=True, exist_ok=True)
    _run("g++", "-O2", "-std=c++20", "-o", str(program), str(WANLINK_SOURCE))
    return program


def _add_namespace(stack: ExitStack, name: str) -> None:
    """Makes a namespace with a working loopback, deleted when `stack` unwinds."""
    _run("ip", "netns", "add", name)
    stack.callback(_run, "ip", "netns", "del", name)
    _run("ip", "-n", name, "link", "set", "lo", "up")


def _start_wanlink(stack: ExitStack, command: Sequence[str]) -> None:
    """Starts wanlink and waits for its word `ready`; stopped when `stack` unwinds."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)

    def end() -> None:
        process.send_signal(signal.SIGTERM)
        process.communicate()

    stack.callback(end)
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise RuntimeError("wanlink did not come up")


@contextmanager
def wide_area_link(build: Path, settings: LinkSettings, cpu: int | None = None) -> Iterator[Link]:
    """Brings the link up for the length of a `with` block.

    Args:
        build: Folder for the compiled wanlink.
        settings: Delay, rate, loss and queue.
        cpu: The core to hold wanlink on, or None for any.

    Yields:
        The link.
    """
    program = build_wanlink(build)
    client, origin = f"pixhaul-client-{os.getpid()}", f"pixhaul-origin-{os.getpid()}"
    enter = ("ip", "netns", "exec")
    link = Link((*enter, client), (*enter, origin))
    pin = () if cpu is None else ("taskset", "-c", str(cpu))
    with ExitStack() as stack:
        _add_namespace(stack, client)
        _add_namespace(stack, origin)
        _start_wanlink(stack, [
            *pin, str(program), "--ns-a", client, "--ns-b", origin,
            "--addr-a", link.client_address, "--addr-b", link.origin_address,
            "--rtt-ms", str(settings.rtt_ms), "--mbit", str(settings.mbit),
            "--loss", str(settings.loss), "--queue-kb", str(settings.queue_kb),
        ])
        yield link
