#!/usr/bin/env python3
"""Compares our pixels with OpenCV's: every interpolation, shrinking and enlarging, by pixels and by a JPEG's planes.

Needs PIXELS (tools/pixels) and TEST_VENV (the environment of tests/requirements.txt); runs itself again with that
environment's Python. Ends with 77, CTest's "skipped", where the environment is missing.
"""

import os
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MOST_MEAN_DIFFERENCE = 1.5
LEAST_PSNR = 40.0
FLAGS = {"nearest": "INTER_NEAREST", "linear": "INTER_LINEAR", "cubic": "INTER_CUBIC", "area": "INTER_AREA",
         "lanczos": "INTER_LANCZOS4"}
PHOTOGRAPH = (640, 480)
# Whole and odd ratios, one side alone, enlarging a little and a lot, shrinking one side and enlarging the other.
SIZES = [(320, 240), (341, 256), (256, 192), (213, 160), (639, 480), (97, 31), (1000, 750), (1280, 960), (701, 480),
         (300, 600)]


def photograph(seed: int):
    """Returns a drawn photograph as OpenCV has it: rows of blue, green, red."""
    import numpy
    from support.photographs import scene

    return numpy.ascontiguousarray(numpy.asarray(scene(seed, PHOTOGRAPH))[:, :, ::-1])


def pixels(*words: object, data: bytes) -> bytes:
    """Runs tools/pixels."""
    command = [os.environ["PIXELS"], *map(str, words)]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def resized(image, size: tuple[int, int], interpolation: str):
    """Returns our resize of `image`."""
    import numpy

    height, width = image.shape[:2]
    channels = image.size // (width * height)
    data = pixels("resize", width, height, channels, *size, interpolation, data=image.tobytes())
    return numpy.frombuffer(data, numpy.uint8).reshape(size[1], size[0], *image.shape[2:])


def encoded(image, quality: int, *parameters: int) -> bytes:
    """Returns OpenCV's JPEG of `image`."""
    import cv2

    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality, *parameters])[1].tobytes()


def decoded(jpeg: bytes):
    """Returns OpenCV's pixels of a JPEG."""
    import cv2
    import numpy

    return cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_UNCHANGED)


def difference(ours, theirs) -> tuple[float, float]:
    """Returns the mean absolute difference and the PSNR."""
    import numpy

    delta = ours.astype(numpy.float64) - theirs
    error = (delta**2).mean()
    psnr = 99.0 if error == 0 else float(10 * numpy.log10(255**2 / error))
    return float(abs(delta).mean()), psnr


class OpenCv(unittest.TestCase):
    """Against cv2.resize of the wheel."""

    def assert_near(self, ours, theirs, what: str) -> None:
        self.assertEqual(ours.shape, theirs.shape)
        mean, psnr = difference(ours, theirs)
        if os.environ.get("PIXELS_SHOW"):
            print(f"{what:60} {mean:7.4f} {psnr:6.2f} dB")
        self.assertLessEqual(mean, MOST_MEAN_DIFFERENCE, what)
        self.assertGreaterEqual(psnr, LEAST_PSNR, what)

    def test_pixels_are_opencvs(self):
        import cv2

        image = photograph(1)
        for interpolation, flag in FLAGS.items():
            for size in SIZES:
                theirs = cv2.resize(image, size, interpolation=getattr(cv2, flag))
                self.assert_near(resized(image, size, interpolation), theirs, f"{interpolation} {size}")

    def test_channels_of_one_two_and_four_are_opencvs_too(self):
        import cv2
        import numpy

        first, second = photograph(2), photograph(3)
        both = numpy.ascontiguousarray(numpy.dstack([first, second]))
        for channels in (1, 2, 4):
            image = numpy.ascontiguousarray(both[:, :, :channels] if channels > 1 else both[:, :, 0])
            for interpolation, flag in FLAGS.items():
                for size in [(256, 192), (701, 511)]:
                    theirs = cv2.resize(image, size, interpolation=getattr(cv2, flag))
                    self.assert_near(resized(image, size, interpolation), theirs, f"{interpolation} {size} {channels}")

    def test_planes_are_opencvs_pixels_with_colour_at_half_resolution(self):
        import cv2

        jpeg = encoded(photograph(4), 90)
        image = decoded(jpeg)
        for interpolation in ("linear", "cubic", "area", "lanczos"):
            for size in [(341, 256), (256, 192), (160, 120), (79, 59), (853, 640)]:
                theirs = cv2.resize(image, size, interpolation=getattr(cv2, FLAGS[interpolation]))
                ours = decoded(pixels("planes", *size, *size, 0, 0, interpolation, 100, data=jpeg))
                self.assert_near(ours, decoded(encoded(theirs, 100)), f"planes {interpolation} {size}")

    def test_samplings_crops_and_borders_in_planes_are_opencvs(self):
        import cv2

        picture = photograph(5)
        samplings = {"420": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, "422": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
                     "444": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, "440": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_440,
                     "411": cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411}
        for name, sampling in samplings.items():
            jpeg = encoded(picture[:479, :639], 90, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling)
            image = decoded(jpeg)
            whole = cv2.resize(image, (341, 256), interpolation=cv2.INTER_AREA)
            for left in (42, 43):
                theirs = decoded(encoded(whole[:, left : left + 256], 100))
                ours = decoded(pixels("planes", 341, 256, 256, 256, -left, 0, "area", 100, data=jpeg))
                self.assert_near(ours, theirs, f"center_crop {name} {left}")
            small = cv2.resize(image, (256, 191), interpolation=cv2.INTER_AREA)
            for top in (32, 33):
                border = cv2.copyMakeBorder(small, top, 65 - top, 0, 0, cv2.BORDER_CONSTANT, value=(255, 255, 255))
                ours = decoded(pixels("planes", 256, 191, 256, 256, 0, top, "area", 100, data=jpeg))
                self.assert_near(ours, decoded(encoded(border, 100)), f"border {name} {top}")


def main() -> None:
    """Runs the tests, in the environment that has OpenCV."""
    python = pathlib.Path(os.environ["TEST_VENV"]) / "bin" / "python"
    if not python.exists():
        print(f"skipped: {python} is missing; tools/install_packages test makes it")
        sys.exit(77)
    if pathlib.Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])
    sys.path.insert(0, str(ROOT / "bench"))
    unittest.main()


if __name__ == "__main__":
    main()
