"""What a result must say about where it came from: the machine, the versions, the command."""

import os
import platform
import re
import shlex
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path


def _first_match(path: str, pattern: str) -> str:
    """Returns the first group of `pattern` in a file, or "unknown"."""
    try:
        found = re.search(pattern, Path(path).read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1).strip() if found else "unknown"


def describe_machine() -> dict[str, str]:
    """Returns processor, cores, memory, kernel and distribution."""
    memory_kib = int(_first_match("/proc/meminfo", r"^MemTotal:\s+(\d+)") or 0)
    return {
        "processor": _first_match("/proc/cpuinfo", r"^model name\s*:\s*(.+)$"),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory_kib / 2**20:.0f} GiB",
        "kernel": platform.release(),
        "system": _first_match("/etc/os-release", r'^PRETTY_NAME="(.+)"$'),
    }


def version_of(command: list[str]) -> str:
    """Returns the first version number a command prints, "missing" when it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return "missing"
    found = re.search(r"\d+\.\d+(\.\d+)?\S*", done.stdout + done.stderr)
    return found.group(0).rstrip(",") if found else "unknown"


def this_command() -> str:
    """Returns the command line that is running, as one would type it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def today() -> str:
    """Returns the date in UTC."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d")
