"""Fresh output folders without deleting between timed runs.

Deleting 100,000 files just before a run slows it: ext4 steps over inodes deleted recently, and the page cache must fault
its pages in again. So each run gets a new folder and old ones stay. Only a memory file system is cleared, between
runs and never within one, when the next run would not fit; it has no such allocator.
"""

import os
import shutil
from pathlib import Path


class FolderShelf:
    """Hands out folders below one root; one thread."""

    def __init__(self, root: Path, budget_bytes: int) -> None:
        """Makes a shelf.

        Args:
            root: Where the folders go; made when missing.
            budget_bytes: How much may lie there before a memory file system is cleared.
        """
        self._root = root
        self._budget_bytes = budget_bytes
        self._held_bytes = 0
        self._count = 0
        self._folders: list[Path] = []
        root.mkdir(parents=True, exist_ok=True)

    def is_memory(self) -> bool:
        """Returns whether the root lies on tmpfs."""
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
        root = str(self._root.resolve())
        inside = [m for m in mounts if root == m[1] or root.startswith(m[1].rstrip("/") + "/")]
        return max(inside, key=lambda mount: len(mount[1]))[2] == "tmpfs"

    def fresh(self, expected_bytes: int) -> Path:
        """Returns the path of a new, empty folder for a run that will write about `expected_bytes`."""
        if self._held_bytes + expected_bytes > self._budget_bytes and self.is_memory():
            self.clear()
        self._held_bytes += expected_bytes
        self._count += 1
        folder = self._root / f"run-{os.getpid()}-{self._count:05d}"
        folder.mkdir()
        self._folders.append(folder)
        return folder

    def clear(self) -> None:
        """Removes every folder handed out."""
        for folder in self._folders:
            shutil.rmtree(folder)
        self._folders.clear()
        self._held_bytes = 0
