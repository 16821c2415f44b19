"""OpenCV doing what bench/resize.py measures, and measuring how near results come to exact ones.

    opencv_resize.py time SIDE QUALITY ROUNDS FOLDER FILE...   as tools/pixels: results to FOLDER, CPU ms an image a round
    opencv_resize.py psnr SIDE FOLDER FILE...                  a line a file: PSNR of luminance and of RGB, in dB
"""

import sys
import time
from pathlib import Path

import cv2
import numpy


def new_size(image: numpy.ndarray, side: int) -> tuple[int, int]:
    """Returns width and height with the shorter side made `side`, as img2dataset rounds them."""
    height, width = image.shape[:2]
    scale = side / min(width, height)
    return round(width * scale), round(height * scale)


def resized(jpeg: numpy.ndarray, side: int, quality: int) -> bytes:
    """Decodes, resizes by area and encodes, as img2dataset does."""
    image = cv2.imdecode(jpeg, cv2.IMREAD_UNCHANGED)
    small = cv2.resize(image, new_size(image, side), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def time_images(side: int, quality: int, rounds: int, folder: Path, files: list[str]) -> None:
    """Writes each result once, then prints the CPU milliseconds an image of each round."""
    jpegs = [numpy.fromfile(file, numpy.uint8) for file in files]
    for number, jpeg in enumerate(jpegs):
        (folder / f"{number:04d}.jpg").write_bytes(resized(jpeg, side, quality))
    for _ in range(rounds):
        begin = time.process_time()
        for jpeg in jpegs:
            resized(jpeg, side, quality)
        print(f"{(time.process_time() - begin) * 1000 / len(jpegs):.5f}")


def psnr(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Returns the PSNR of two arrays of levels."""
    error = ((one.astype(numpy.float64) - other) ** 2).mean()
    return 99.0 if error == 0 else float(10 * numpy.log10(255**2 / error))


def luminance(image: numpy.ndarray) -> numpy.ndarray:
    """Returns JPEG's luminance of blue, green, red."""
    return image.astype(numpy.float64) @ numpy.array([0.114, 0.587, 0.299])


def compare(side: int, folder: Path, files: list[str]) -> None:
    """Prints the PSNR of each result in `folder` against the whole picture, resized by area in doubles."""
    for number, file in enumerate(files):
        exact = cv2.imread(file, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION).astype(numpy.float64)
        exact = cv2.resize(exact, new_size(exact, side), interpolation=cv2.INTER_AREA)
        result = cv2.imread(str(folder / f"{number:04d}.jpg"), cv2.IMREAD_COLOR)
        print(f"{psnr(luminance(result), luminance(exact)):.4f} {psnr(result, exact):.4f}")


def main() -> None:
    """Does what the command line says."""
    cv2.setNumThreads(1)
    if sys.argv[1] == "time":
        side, quality, rounds = map(int, sys.argv[2:5])
        time_images(side, quality, rounds, Path(sys.argv[5]), sys.argv[6:])
    else:
        compare(int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])


if __name__ == "__main__":
    main()
