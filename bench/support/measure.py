"""Runs a command on one core and says what it cost: CPU of its whole process tree, wall time, memory.

CPU is what wait4 reports: user and system time of the process and of every child it waited for, start-up included.
Time that others took on the machine meanwhile is recorded beside it, because the reader must know.
"""

import os
import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
CLEAN_SHARE = 0.10


@dataclass(frozen=True)
class Run:
    """One measured run.

    Attributes:
        cpu_seconds: User and system time of the process tree.
        user_seconds: The user part of it.
        wall_seconds: From start to end.
        others_share: CPU that neither the client nor the server used, as a share of the wall time.
        output: What it wrote to standard output.
        exit_code: 0 for success.
    """

    cpu_seconds: float
    user_seconds: float
    wall_seconds: float
    others_share: float
    output: str
    exit_code: int

    @property
    def is_clean(self) -> bool:
        """Whether the machine was ours while it ran."""
        return self.others_share < CLEAN_SHARE


def _busy_seconds() -> float:
    """Returns the seconds all cores have worked since the machine started, steal excluded."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    user, nice, system, _idle, _wait, irq, soft = (int(value) for value in fields)
    return (user + nice + system + irq + soft) / _TICKS


def process_seconds(pids: Sequence[int]) -> float:
    """Returns user and system time used so far by the living processes `pids`."""
    total = 0
    for pid in pids:
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += int(after_name[11]) + int(after_name[12])
    return total / _TICKS


def _wait(process: subprocess.Popen[str], timeout_seconds: float) -> tuple[str, int, resource.struct_rusage]:
    """Reads a process to its end and reaps it with its usage; ends it when the time is over."""
    timer = threading.Timer(timeout_seconds, process.kill)
    timer.start()
    try:
        assert process.stdout is not None
        with process.stdout as stdout:
            output = stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return output, process.returncode, usage


def run(
    command: Sequence[str],
    cpu: int | None,
    servers: Sequence[int] = (),
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
    timeout_seconds: float = 600.0,
) -> Run:
    """Runs `command` to its end.

    Args:
        command: Program and arguments.
        cpu: The core to hold it on, or None for any.
        servers: Processes whose CPU is not counted as that of others.
        folder: Working directory.
        environment: Variables in addition to ours.
        timeout_seconds: When to end it.

    Returns:
        What it cost.
    """
    pin = () if cpu is None else ("taskset", "-c", str(cpu))
    busy, served, start = _busy_seconds(), process_seconds(servers), time.monotonic()
    process = subprocess.Popen(
        [*pin, *command], cwd=folder, env={**os.environ, **(environment or {})}, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    output, exit_code, usage = _wait(process, timeout_seconds)
    wall = time.monotonic() - start
    cpu_seconds = usage.ru_utime + usage.ru_stime
    others = (_busy_seconds() - busy) - (process_seconds(servers) - served) - cpu_seconds
    return Run(cpu_seconds, usage.ru_utime, wall, max(0.0, others) / wall, output, exit_code)


def peak_rss(command: Sequence[str], cpu: int | None, timeout_seconds: float) -> tuple[int, int, float]:
    """Runs `command` and watches its peak resident set.

    The kernel's own high-water mark of the running program is read ten times a second; ru_maxrss would include what
    the parent held when it forked.

    Args:
        command: Program and arguments.
        cpu: The core to hold it on, or None.
        timeout_seconds: When to end it.

    Returns:
        Peak bytes, exit code and wall seconds.
    """
    pin = () if cpu is None else ("taskset", "-c", str(cpu))
    start, peak = time.monotonic(), 0
    process = subprocess.Popen([*pin, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        if time.monotonic() - start > timeout_seconds:
            process.kill()
        peak = max(peak, _high_water_bytes(process.pid))
        time.sleep(0.02 if time.monotonic() - start < 2 else 0.1)
    return peak, process.returncode, time.monotonic() - start


def _high_water_bytes(pid: int) -> int:
    """Returns VmHWM of a process, 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
