"""The engine benchmark's bodies: files of exact size that no one can compress, each in a JPEG's container.

The content is random, but framed as a JPEG (frame header, scan, end marker, no stray marker between), so that the same
files serve the rows with and without `--validate structure`. They cannot be decoded to anything worth seeing; the
comparison and the demo use real pictures (photographs.py).
"""

import math
import random
from dataclasses import dataclass
from pathlib import Path

FILE_COUNT = 2000

_HEAD = b"".join([
    b"\xff\xd8",
    b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00",
    b"\xff\xdb\x00\x43\x00" + bytes([16] * 64),
    b"\xff\xc0\x00\x0b\x08\x01\x00\x01\x00\x01\x01\x11\x00",  # 256 × 256, one component
    b"\xff\xc4\x00\x14\x00\x01" + bytes(15) + b"\x00",
    b"\xff\xc4\x00\x14\x10\x01" + bytes(15) + b"\x00",
    b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00",
])
_TAIL = b"\xff\xd9"
_NO_MARKER = bytes(min(value, 0xFE) for value in range(256))


@dataclass(frozen=True)
class Body:
    """A size distribution: its folder, what the tables call it, and its mean in bytes."""

    name: str
    title: str
    mean_bytes: int


BODIES = {
    body.name: body
    for body in (
        Body("1k", "1 KB", 1_024),
        Body("30k", "30 KB", 30_100),
        Body("100k", "100 KB", 102_400),
    )
}


def _size(rng: random.Random, body: Body) -> int:
    """Returns the next file's size: fixed, or for 30 KB log-normal with median 23.9 KB between 5 and 203 KB."""
    if body.name != "30k":
        return body.mean_bytes
    return round(min(203_000.0, max(5_000.0, math.exp(rng.gauss(math.log(23_900), 0.679)))))


def framed(rng: random.Random, size: int) -> bytes:
    """Returns `size` bytes of noise in a JPEG's container.

    Args:
        rng: Where the noise comes from.
        size: Length of the file, at least 200.

    Returns:
        The file's bytes.
    """
    noise = rng.randbytes(size - len(_HEAD) - len(_TAIL)).translate(_NO_MARKER)
    return _HEAD + noise + _TAIL


def write_corpus(root: Path) -> None:
    """Writes `FILE_COUNT` files a body below `root`, unless they are there.

    Args:
        root: The folder the server serves; gets one folder a body.
    """
    for body in BODIES.values():
        folder = root / body.name
        done = root / f"{body.name}.done"
        if done.exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        rng = random.Random(body.name)
        for number in range(FILE_COUNT):
            (folder / f"{number:04d}.jpg").write_bytes(framed(rng, _size(rng, body)))
        done.touch()


def paths(body: Body, count: int) -> list[str]:
    """Returns `count` different request paths: the files in turn, told apart by a query.

    Args:
        body: Which files.
        count: How many requests.
    """
    return [f"/{body.name}/{number % FILE_COUNT:04d}.jpg?n={number}" for number in range(count)]


def total_bytes(root: Path, body: Body, count: int) -> int:
    """Returns how many body bytes `paths(body, count)` are, for checking what a client received."""
    sizes = [(root / body.name / f"{number:04d}.jpg").stat().st_size for number in range(FILE_COUNT)]
    rounds, rest = divmod(count, FILE_COUNT)
    return rounds * sum(sizes) + sum(sizes[:rest])
