#!/usr/bin/env python3
"""Compares whole samples, before lossy encoding, with img2dataset's arithmetic over OpenCV.

Needs RUN_PROCESS (the program that makes ours) and TEST_VENV (the environment of tests/requirements.txt); runs itself
again with that environment's Python. Ends with 77, CTest's "skipped", where the environment is missing.
"""

import functools
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

MODES = ["no", "keep_ratio", "keep_ratio_largest", "center_crop", "border"]
FILTERS = ["INTER_NEAREST", "INTER_LINEAR", "INTER_CUBIC", "INTER_AREA", "INTER_LANCZOS4"]
BOXES = [
    [(0.25, 0.25, 0.6, 0.8)],
    [(0.0, 0.0, 0.1, 0.1), (0.7, 0.75, 1.0, 1.0)],
    [(0.4, 0.4, 0.45, 0.43), (0.42, 0.1, 0.9, 0.6)],
    [(-0.1, 0.3, 1.2, 0.5)],
]


@functools.cache
def photograph(width: int, height: int, channels: int = 3):
    """Returns a picture with slopes, edges and noise."""
    y, x = numpy.mgrid[0:height, 0:width].astype(float)
    planes = []
    for channel in range(channels):
        plane = 127 + 60 * numpy.sin(x / (17 + 5 * channel)) + 50 * numpy.cos(y / (23 - 4 * channel))
        plane += 40 * (((x // 31).astype(int) + (y // 29).astype(int) + channel) % 2)
        plane += numpy.random.default_rng(channel).normal(0, 6, plane.shape)
        planes.append(plane)
    return numpy.clip(numpy.dstack(planes), 0, 255).astype(numpy.uint8)


def resized(image, mode: str, size: int, up: str, down: str, only_if_bigger: bool, boxes: list):
    """Returns what img2dataset 1.47 makes of the picture, by its published arithmetic."""
    height, width = image.shape[:2]
    side = min(width, height) if mode in ("keep_ratio", "center_crop") else max(width, height)
    if mode == "no" or (only_if_bigger and side <= size):
        return blurred(image, boxes)
    scale = size / side
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=getattr(cv2, down if side > size else up))
    image = blurred(image, boxes)
    if mode == "center_crop":
        left, top = (width - size) // 2, (height - size) // 2
        image = image[top:top + size, left:left + size]
    if mode == "border":
        left, top = (size - width) // 2, (size - height) // 2
        image = cv2.copyMakeBorder(image, top, size - height - top, left, size - width - left, cv2.BORDER_CONSTANT,
                                   value=[255, 255, 255])
    return image


def blurred(image, boxes: list):
    """Returns the picture with its boxes blurred, as img2dataset 1.46 and later."""
    if not boxes:
        return image
    height, width = image.shape[:2]
    sharp = image.astype(numpy.float32) / 255.0
    mask = numpy.zeros_like(sharp)
    longest = 0
    for box in boxes:
        left, top, right, bottom = (int(part * length) for part, length in zip(box, (width, height, width, height)))
        longest = max(longest, right - left, bottom - top)
        margin = 0.1 * max(right - left, bottom - top)
        columns = [min(max(int(x), 0), width - 1) for x in (left - margin, right + margin)]
        rows = [min(max(int(y), 0), height - 1) for y in (top - margin, bottom + margin)]
        mask[rows[0]:rows[1], columns[0]:columns[1]] = 1
    kernel = max(3, int(2 * math.ceil(0.1 * longest) + 1))
    smooth = cv2.GaussianBlur(sharp, (kernel, kernel), 0)
    mask = cv2.GaussianBlur(mask, (kernel, kernel), 0)
    return ((sharp * (1 - mask) + smooth * mask) * 255.0).astype(numpy.uint8)


class Samples(unittest.TestCase):
    """Ours beside OpenCV's."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)

    def ours(self, jobs: list) -> list:
        """Returns the pictures that our program makes; a job is (picture, mode, size, up, down, only, boxes)."""
        lines = []
        for index, (image, mode, size, up, down, only, boxes) in enumerate(jobs):
            source = self.folder / f"{index}.in.png"
            cv2.imwrite(str(source), image)
            numbers = [MODES.index(mode), size, FILTERS.index(up), FILTERS.index(down), int(only)]
            numbers += [part for box in boxes for part in box]
            lines.append(" ".join(map(str, [source, self.folder / f"{index}.out.png", *numbers])))
        said = subprocess.run([os.environ["RUN_PROCESS"]], input="\n".join(lines) + "\n", check=True,
                              capture_output=True, text=True).stdout.splitlines()
        pictures = []
        for index, (job, line) in enumerate(zip(jobs, said, strict=True)):
            picture = cv2.imread(str(self.folder / f"{index}.out.png"), cv2.IMREAD_UNCHANGED)
            self.assertIsNotNone(picture, line)
            facts = [picture.shape[1], picture.shape[0], job[0].shape[1], job[0].shape[0]]
            self.assertEqual(line.split(), list(map(str, facts)))
            pictures.append(picture)
        return pictures

    def compare(self, jobs: list) -> list:
        """Asserts that each sample comes near enough; returns the samples."""
        pictures = self.ours(jobs)
        for job, picture in zip(jobs, pictures):
            with self.subTest(shape=job[0].shape, job=job[1:]):
                want = resized(*job)
                self.assertEqual(picture.shape, want.shape)
                difference = numpy.abs(picture.astype(float) - want)
                self.assertLessEqual(difference.mean(), 1.5)
                squares = (difference**2).mean()
                self.assertGreaterEqual(99 if squares == 0 else 10 * math.log10(255**2 / squares), 40)
        return pictures

    def test_every_mode_with_every_filter(self):
        pictures = [photograph(481, 320), photograph(97, 150)]
        self.compare([(picture, mode, 128, name, name, only, []) for picture in pictures for mode in MODES
                      for name in FILTERS for only in (False, True)])

    def test_odd_sizes_have_their_sizes(self):
        self.compare([(photograph(width, height), mode, size, "INTER_LANCZOS4", "INTER_AREA", False, [])
                      for width, height in ((1, 1), (1, 40), (257, 255), (33, 512), (1025, 512), (1027, 512))
                      for mode in MODES for size in (1, 7, 256)])

    def test_boxes_are_blurred_to_a_level(self):
        jobs = [(picture, mode, 160, "INTER_CUBIC", "INTER_AREA", only, boxes)
                for picture in (photograph(300, 200), photograph(160, 160), photograph(90, 40))
                for mode in MODES for only in (False, True) for boxes in BOXES]
        for job, picture in zip(jobs, self.compare(jobs)):
            if job[1] == "no":
                difference = numpy.abs(picture.astype(int) - resized(*job))
                self.assertLessEqual(difference.max(), 1)
                self.assertLessEqual(difference.mean(), 0.02)


def main() -> int:
    """Runs the tests with the environment's Python."""
    global cv2, numpy
    python = pathlib.Path(os.environ["TEST_VENV"]) / "bin" / "python"
    if not python.exists():
        print(f"skipped: {python} is missing; tools/install_packages test makes it")
        return 77
    if pathlib.Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])
    try:
        import cv2
        import numpy
    except ImportError as missing:
        print(f"skipped: {missing}; tools/install_packages test installs it")
        return 77
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
