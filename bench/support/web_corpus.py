"""The pipeline benchmark's pictures: a few hundred photographs (photographs.py) shaped like those of the web.

Areas are log-normal with a mean of half a megapixel, files a mean of about 75 KB; one in eight is progressive, one in eight
has full-resolution colour, three in ten carry EXIF. Drawn from fixed quantiles and seeds, so that every machine has
the same files. A second folder holds what web lists also lead to: files cut off in the middle and pages of HTML.
"""

import math
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from support.photographs import encode_near, scene

PICTURE_COUNT = 320
BROKEN_COUNT = 40
_MEAN_PIXELS, _PIXELS_SIGMA = 500_000, 0.8
_FEWEST_PIXELS, _MOST_PIXELS = 30_000, 4_000_000
_BYTES_A_PIXEL, _BYTES_SIGMA = 0.152, 0.35
_SHAPES = [(4, 3), (4, 3), (3, 2), (3, 2), (3, 4), (2, 3), (1, 1), (16, 9)]
_PAGE = b"<!DOCTYPE html><html><head><title>Not here any more</title></head><body>" + b"<p>Moved.</p>" * 200


@dataclass(frozen=True)
class Picture:
    """What one photograph is to be: size in pixels, about how many bytes, and how it is stored."""

    number: int
    size: tuple[int, int]
    target_bytes: int
    is_progressive: bool
    has_full_colour: bool
    has_exif: bool


def _quantiles(count: int, mean: float, sigma: float, rng: random.Random) -> list[float]:
    """Returns `count` values of a log-normal distribution with that mean, one of each quantile, in random order."""
    normal = statistics.NormalDist(math.log(mean) - sigma * sigma / 2, sigma)
    values = [math.exp(normal.inv_cdf((number + 0.5) / count)) for number in range(count)]
    rng.shuffle(values)
    return values


def pictures(count: int = PICTURE_COUNT) -> Iterator[Picture]:
    """Yields what the photographs are to be; the same on every machine."""
    rng = random.Random("web corpus")
    areas = _quantiles(count, _MEAN_PIXELS, _PIXELS_SIGMA, rng)
    densities = _quantiles(count, _BYTES_A_PIXEL, _BYTES_SIGMA, rng)
    for number, (area, density) in enumerate(zip(areas, densities)):
        area = min(max(area, _FEWEST_PIXELS), _MOST_PIXELS)
        wide, high = rng.choice(_SHAPES)
        width = round(math.sqrt(area * wide / high))
        size = (width, round(width * high / wide))
        yield Picture(number, size, round(area * density), number % 8 == 3, number % 8 == 6, number % 10 in (0, 4, 7))


def _exif() -> bytes:
    """Returns what a camera writes: maker, model, upright orientation, date, exposure."""
    tags = Image.Exif()
    tags.update({0x010F: "Pixhaul", 0x0110: "Landscape 1", 0x0112: 1, 0x0132: "2024:06:01 12:00:00"})
    tags.get_ifd(0x8769).update({0x829A: (1, 250), 0x8827: 200, 0x9003: "2024:06:01 12:00:00"})
    return tags.tobytes()


def encoded(picture: Picture) -> bytes:
    """Paints a photograph and returns the JPEG file's bytes."""
    how: dict[str, object] = {"progressive": picture.is_progressive}
    if picture.has_full_colour:
        how["subsampling"] = 0
    if picture.has_exif:
        how["exif"] = _exif()
    return encode_near(scene(picture.number, picture.size), picture.target_bytes, **how)


def write_web_corpus(root: Path) -> dict[str, float]:
    """Writes `photos/NNNN.jpg` and `broken/NNNN.jpg` below `root` unless they are there.

    Args:
        root: The folder the server serves; made when missing.

    Returns:
        How many photographs there are, their mean bytes and their mean pixels.
    """
    photos, broken = root / "photos", root / "broken"
    for folder in (photos, broken):
        folder.mkdir(parents=True, exist_ok=True)
    wanted = list(pictures())
    for picture in wanted:
        path = photos / f"{picture.number:04d}.jpg"
        if not path.exists():
            if picture.number % 20 == 0:
                print(f"painting photographs: {picture.number} of {len(wanted)}", flush=True)
            write_whole(path, encoded(picture))
    for number in range(BROKEN_COUNT):
        data = (photos / f"{number:04d}.jpg").read_bytes()
        write_whole(broken / f"{number:04d}.jpg", _PAGE if number % 2 else data[: len(data) * 2 // 3])
    sizes = [(photos / f"{picture.number:04d}.jpg").stat().st_size for picture in wanted]
    areas = [picture.size[0] * picture.size[1] for picture in wanted]
    return {"count": len(wanted), "mean_bytes": statistics.mean(sizes), "mean_pixels": statistics.mean(areas)}


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file under its name only when it is whole."""
    temporary = path.with_suffix(".part")
    temporary.write_bytes(data)
    temporary.replace(path)


def paths(count: int) -> list[str]:
    """Returns `count` different request paths: the photographs in turn, told apart by a query."""
    return [f"/photos/{number % PICTURE_COUNT:04d}.jpg?n={number}" for number in range(count)]
