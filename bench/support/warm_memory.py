"""Free memory whose pages the machine already has, for as long as a benchmark lasts.

In a virtual machine the first touch of a page costs ten times a later one. Touching memory once is not enough where the
hypervisor takes free memory back (free page reporting): it does so in blocks of 2 MiB, seconds after they were freed,
and the next run pays again, or its rival does. So a child process touches the memory, gives it back, and keeps one page
in every 256: no block is ever free as a whole.
"""

import mmap
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAGE = mmap.PAGESIZE
_KEPT_EVERY = 256 * _PAGE
_NO_HUGE_PAGES = 15  # MADV_NOHUGEPAGE


def available_bytes() -> int:
    """Returns how much memory the kernel would give without swapping."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/meminfo has no line MemAvailable")


def hold(size: int) -> None:
    """Touches `size` bytes, keeps a page in 256, says `warm`, and waits for the end of standard input."""
    memory = mmap.mmap(-1, size)
    memory.madvise(_NO_HUGE_PAGES)
    for at in range(0, size, _PAGE):
        memory[at] = 1
    for at in range(0, size - _KEPT_EVERY, _KEPT_EVERY):
        memory.madvise(mmap.MADV_DONTNEED, at + _PAGE, _KEPT_EVERY - _PAGE)
    print("warm", flush=True)
    sys.stdin.read()


@contextmanager
def warm_memory(share: float) -> Iterator[int]:
    """Warms a share of the available memory for the length of a `with` block.

    Args:
        share: Of the memory that is available now.

    Yields:
        How many bytes are warm.
    """
    size = int(available_bytes() * share) // _PAGE * _PAGE
    child = subprocess.Popen([sys.executable, __file__, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        if child.stdout.readline().strip() != "warm":
            raise RuntimeError("could not warm the memory")
        yield size
    finally:
        child.communicate()


if __name__ == "__main__":
    hold(int(sys.argv[1]))
