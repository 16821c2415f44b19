"""Runs a command and watches it: its lines with the moment each came, and the peak memory of its whole process tree.

Memory is the proportional set size: a page that three processes share counts a third in each, so that tools made of
several processes are not charged for the same library thrice.
"""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class Watched:
    """One watched run.

    Attributes:
        lines: What it wrote to standard output and error, each with the seconds since its start.
        started: Time of day at its start.
        wall_seconds: From start to end.
        cpu_seconds: User and system time of the process tree.
        peak_bytes: Most memory of the tree at one look; four looks a second.
        exit_code: 0 for success.
    """

    lines: list[tuple[float, str]]
    started: float
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    exit_code: int


def tree(pid: int) -> Iterator[int]:
    """Yields a process and all below it that live now."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from tree(int(child))
    except OSError:
        return


def tree_bytes(pid: int) -> int:
    """Returns the proportional set size of a process and all below it."""
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return total


class _Looker:
    """Looks at a tree's memory until it is stopped; a thread of its own."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            self.peak_bytes = max(self.peak_bytes, tree_bytes(self._pid))

    def end(self) -> int:
        """Stops looking and returns the peak."""
        self._stop.set()
        self._thread.join()
        return self.peak_bytes


def end_session(pid: int) -> None:
    """Ends a process that leads a session of its own, with all in it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def watch(command: Sequence[str], folder: Path, environment: dict[str, str], timeout_seconds: float) -> Watched:
    """Runs `command` to its end.

    Args:
        command: Program and arguments.
        folder: Working directory.
        environment: Variables in addition to ours.
        timeout_seconds: When to end it.

    Returns:
        What was seen.
    """
    lines: list[tuple[float, str]] = []
    started, begun = time.time(), time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environment}, text=True, errors="replace", stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )
    timer = threading.Timer(timeout_seconds, end_session, [process.pid])
    timer.start()
    looker = _Looker(process.pid)
    try:
        assert process.stdout is not None
        with process.stdout as stdout:
            for line in stdout:
                lines.append((time.monotonic() - begun, line.rstrip("\n")))
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        end_session(process.pid)
        raise
    finally:
        timer.cancel()
        peak = looker.end()
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - begun
    return Watched(lines, started, seconds, usage.ru_utime + usage.ru_stime, peak, process.returncode)
