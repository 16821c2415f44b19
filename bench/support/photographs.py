"""Draws photograph-like JPEGs: the same pictures from the same seed, on any machine, without a download.

Each is a landscape with what makes photographs compress as they do: smooth gradients, clouds and rock with detail at
every scale, soft distance, grain. Needs Pillow (Debian: python3-pil) and nothing else.
"""

import io
import math
import random
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]

_SKIES: list[tuple[Colour, Colour]] = [
    ((52, 96, 160), (196, 216, 232)),
    ((40, 44, 92), (240, 156, 96)),
    ((110, 128, 148), (214, 214, 208)),
    ((28, 66, 110), (236, 196, 168)),
]
_LANDS: list[Colour] = [(62, 84, 52), (96, 82, 60), (58, 72, 84), (104, 92, 48), (70, 58, 66)]
_QUALITIES = range(20, 97)


def _noise(rng: random.Random, size: tuple[int, int], cell: int) -> Image.Image:
    """Returns smooth grey noise whose features are about `cell` pixels wide."""
    columns, rows = max(2, size[0] // cell), max(2, size[1] // cell)
    return Image.frombytes("L", (columns, rows), rng.randbytes(columns * rows)).resize(size, Image.BICUBIC)


def _texture(rng: random.Random, size: tuple[int, int], coarsest: int) -> Image.Image:
    """Returns grey noise with features at every scale from two pixels up to `coarsest`, the coarse ones strongest."""
    cell = 2
    texture = _noise(rng, size, cell)
    while cell < coarsest:
        cell *= 2
        texture = Image.blend(texture, _noise(rng, size, cell), 0.62)
    return texture


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """Returns a vertical gradient from `top` to `bottom`."""
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def _ridge(rng: random.Random, size: tuple[int, int], base: float, height: float) -> Image.Image:
    """Returns the mask of a mountain ridge: white below a fractal skyline around `base` (0 top, 1 bottom)."""
    width, rows = size
    waves = [(height * rows / 2**octave, rng.uniform(0, 6.28), 2**octave) for octave in range(7)]

    def skyline(x: int) -> float:
        return base * rows + sum(a * math.sin(phase + f * 4.0 * x / width) for a, phase, f in waves)

    mask = Image.new("L", size, 0)
    outline = [(x, skyline(x)) for x in range(0, width + 4, 2)]
    ImageDraw.Draw(mask).polygon([(0, rows), *outline, (width, rows)], fill=255)
    return mask.filter(ImageFilter.GaussianBlur(0.7))


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    """Returns the colour `share` of the way from `first` to `second`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second))
    return red, green, blue


def scene(seed: int, size: tuple[int, int]) -> Image.Image:
    """Paints landscape number `seed`.

    Args:
        seed: The picture's number; equal numbers give equal pictures.
        size: Width and height in pixels.

    Returns:
        An RGB image.
    """
    rng = random.Random(seed)
    top, bottom = rng.choice(_SKIES)
    picture = _gradient(size, top, bottom)
    clouds = _texture(rng, size, size[1] // 3).point(lambda v: max(0, min(255, (v - 118) * 6)))
    picture.paste(Image.new("RGB", size, _mix(bottom, (255, 255, 255), 0.5)), mask=clouds.point(lambda v: v * 5 // 8))
    land, ridges = rng.choice(_LANDS), rng.randint(3, 5)
    for number in range(ridges):
        near = (number + 1) / ridges
        rock = _texture(rng, size, max(8, size[1] // 12)).convert("RGB")
        colour = Image.new("RGB", size, _mix(bottom, land, near))
        painted = ImageChops.overlay(colour, Image.blend(Image.new("RGB", size, (128, 128, 128)), rock, 0.35 + 0.6 * near))
        picture.paste(painted, mask=_ridge(rng, size, 0.42 + 0.46 * number / ridges, 0.06 + 0.03 * rng.random()))
    grain = Image.frombytes("L", size, rng.randbytes(size[0] * size[1])).convert("RGB")
    return Image.blend(picture, ImageChops.overlay(picture, grain), 0.06)


def encode_near(picture: Image.Image, target_bytes: int, **how: object) -> bytes:
    """Encodes `picture` as JPEG at the quality whose size is nearest below `target_bytes`.

    Args:
        picture: The image.
        target_bytes: The size to come near to.
        how: Further words to Pillow's encoder, such as `progressive=True`.

    Returns:
        The JPEG file's bytes; at the lowest quality if even that is larger.
    """

    def encoded(quality: int) -> bytes:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=False, **how)
        return out.getvalue()

    low, high = _QUALITIES.start, _QUALITIES.stop - 1
    best = encoded(low)
    while low <= high:
        middle = (low + high) // 2
        data = encoded(middle)
        if len(data) <= target_bytes:
            best, low = data, middle + 1
        else:
            high = middle - 1
    return best


def write_photographs(folder: Path, count: int, target_bytes: int) -> list[Path]:
    """Writes `count` photographs of about `target_bytes` each; keeps what is there already.

    Args:
        folder: Where to; made when missing.
        count: How many.
        target_bytes: Size of each file, met within about a tenth.

    Returns:
        The files, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    width = 1024 if target_bytes > 60_000 else 560
    files = []
    for number in range(count):
        path = folder / f"landscape-{number:03d}.jpg"
        if not path.exists():
            path.write_bytes(encode_near(scene(number, (width, width * 3 // 4)), target_bytes))
        files.append(path)
    return files
