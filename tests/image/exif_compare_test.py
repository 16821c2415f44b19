#!/usr/bin/env python3
"""Compares our text of EXIF tags with what img2dataset makes of ExifRead's.

Needs PRINT_EXIF (the program that prints ours) and TEST_VENV (the environment of tests/requirements.txt); runs itself
again with that environment's Python. Ends with 77, CTest's "skipped", where the environment is missing.
"""

import io
import json
import logging
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
FORMS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 11: "f", 12: "d"}
ENUMERATED = [0xFE, 0xFF, 0x103, 0x112, 0x122, 0x128, 0x13D, 0x147, 0x14C, 0x152, 0x153, 0x213, 0x8822, 0x8830, 0x9101,
              0x9207, 0x9208, 0x9209, 0xA001, 0xA217, 0xA300, 0xA301, 0xA401, 0xA402, 0xA403, 0xA406, 0xA407, 0xA408,
              0xA409, 0xA40A]
CHARACTERS = [0x11D, 0x9000, 0x9C9D, 0xA000]
LEFT_OUT = [0x02BC, 0x927C, 0x9286]
POINTERS = {0x8769: 1, 0x8825: 2, 0xA005: 3}


class Tiff:
    """Writes directories one behind the other, and their long values behind each."""

    def __init__(self, order: str):
        self.order = order
        self.bytes = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8))

    def add(self, entries: list, pointers: dict) -> int:
        """Appends one directory; `pointers` are tags whose value is a position. Returns where it begins."""
        start = len(self.bytes)
        at = start + 2 + 12 * (len(entries) + len(pointers)) + 4
        lines, values = b"", b""
        for tag, kind, count, value in entries + [(t, 4, 1, struct.pack(self.order + "I", p)) for t, p in
                                                  pointers.items()]:
            if len(value) > 4:
                offset = struct.pack(self.order + "I", at + len(values))
                values += value + b"\0" * (len(value) % 2)
                value = offset
            lines += struct.pack(self.order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
        self.bytes += struct.pack(self.order + "H", len(entries) + len(pointers)) + lines + b"\0" * 4 + values
        return start

    def link(self, directory: int, following: int):
        """Makes `following` the next one in the chain."""
        (count,) = struct.unpack_from(self.order + "H", self.bytes, directory)
        struct.pack_into(self.order + "I", self.bytes, directory + 2 + 12 * count, following)


def packed(order: str, kind: int, values: list) -> bytes:
    """Returns values of a TIFF type as bytes; rationals are pairs."""
    if kind == 2:
        return bytes(values)
    if kind in (5, 10):
        return b"".join(struct.pack(order + ("II" if kind == 5 else "ii"), *pair) for pair in values)
    return struct.pack(f"{order}{len(values)}{FORMS[kind]}", *values)


def random_entry(dice: random.Random, order: str, tags: list) -> tuple:
    """Returns one line of a directory with likely and unlikely values."""
    tag = dice.choice(tags)
    kind = dice.choice([1, 2, 2, 3, 3, 3, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12])
    count = dice.choice([0, 1, 1, 1, 2, 3, 8, 49, 50, 51, 60])
    if kind == 2:
        text = dice.choice(["Canon", " é spaced ", "quote\" back\\slash", "tab\there\n", "", "日本 😀", "a\x7fb"] + ["\x1c\u3000x"] * (tag not in ENUMERATED))
        damaged = [b"\xff'\"\\\n\x01"] * (tag not in ENUMERATED + CHARACTERS)
        values = list(dice.choice([text.encode(), text.encode() + b"\0", text.encode() + b"\0garbage\xff"] + damaged))
        count = len(values)
    elif kind in (5, 10):
        low = 0 if kind == 5 else -20
        values = [(dice.randint(low, 20) * dice.choice([1, 1000]), dice.choice([0, 1, 5, 10, 1000] + ([-4] if low else [])))
                  for _ in range(count)]
    elif kind in (11, 12):
        values = [dice.choice([0.0, 0.1, -1.5, 1e20, 1e-7, 123456.0, 1e16]) for _ in range(count)]
    else:
        limits = {1: (0, 255), 3: (0, 65535), 4: (0, 2**32 - 1), 6: (-128, 127), 7: (0, 255), 8: (-32768, 32767),
                  9: (-2**31, 2**31 - 1)}[kind]
        small = dice.random() < 0.7
        values = [dice.randint(max(limits[0], 0), min(limits[1], 80)) if small else dice.randint(*limits)
                  for _ in range(count)]
    return tag, kind, count, packed(order, kind, values)


def random_exif(seed: int) -> bytes:
    """Returns a TIFF structure with all kinds of directories."""
    dice = random.Random(seed)
    order = dice.choice("<>")
    main = [t for t in list(range(0xFE, 0x220)) + list(range(0x8220, 0x9300)) + list(range(0xA000, 0xA510)) +
            [0x1234, 0x4746, 0x9C9B, 0x9C9C, 0x9C9D, 0xC4A5, 0xC61A, 0xEA1C, 0xFDE8] if t not in POINTERS]
    likely = ENUMERATED * 4 + [0x10F, 0x110, 0x11A, 0x11B, 0x132, 0x9000, 0xA000, 0x11D, 0x829A, 0x9003] * 8

    def entries(tags, most):
        return [e for e in (random_entry(dice, order, tags) for _ in range(dice.randint(0, most)))]

    tiff = Tiff(order)
    # Children first; the first directory is put at 8 by leaving its place to the header's offset.
    gps = tiff.add(entries(list(range(0, 0x22)), 12), {})
    interoperability = tiff.add(entries([1, 2, 0x1000, 0x1001, 0x1002, 7], 4), {})
    exif = tiff.add(entries(main + likely, 20), {0xA005: interoperability} if dice.random() < 0.7 else {})
    pointers = {tag: at for tag, at in ((0x8769, exif), (0x8825, gps)) if dice.random() < 0.8}
    first = tiff.add(entries(main + likely, 20), pointers)
    struct.pack_into(order + "I", tiff.bytes, 4, first)
    if dice.random() < 0.5:
        thumbnail = tiff.add(entries(main + likely, 6), {})
        tiff.link(first, thumbnail)
        if dice.random() < 0.3:
            tiff.link(thumbnail, tiff.add(entries(main, 4), {}))
    return bytes(tiff.bytes) + b"\0" * 64


def in_jpeg(exif: bytes, picture: bytes) -> bytes:
    """Returns the picture with an APP1 segment behind its first marker."""
    return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 8) + b"Exif\0\0" + exif + picture[2:]


def theirs(file: bytes) -> str:
    """Returns what img2dataset stores."""
    tags = exifread.process_file(io.BytesIO(file), details=False)
    return json.dumps({name: str(value).strip() for name, value in tags.items()})


class ExifText(unittest.TestCase):
    """Ours and theirs over the same files."""

    def compare(self, files: list):
        """Asserts equal text for each file."""
        with tempfile.TemporaryDirectory() as folder:
            names = []
            for index, file in enumerate(files):
                names.append(pathlib.Path(folder) / str(index))
                names[-1].write_bytes(file)
            lines = subprocess.run([os.environ["PRINT_EXIF"], *names], check=True, capture_output=True,
                                   text=True).stdout.splitlines()
        self.assertEqual(len(lines), len(files))
        for index, (file, line) in enumerate(zip(files, lines)):
            with self.subTest(index=index):
                self.assertEqual(line, theirs(file))

    def picture(self, form: str, **options) -> bytes:
        """Returns a small picture as Pillow writes it."""
        output = io.BytesIO()
        Image.new("RGB", (16, 12), (200, 40, 48)).save(output, form, **options)
        return output.getvalue()

    def test_random_directories_in_jpegs(self):
        picture = self.picture("JPEG")
        self.compare([in_jpeg(random_exif(seed), picture) for seed in range(300)])

    def test_every_value_of_every_enumeration(self):
        picture = self.picture("JPEG")
        files = []
        for tag in ENUMERATED:
            for first in (*range(0, 260, 20), 32760, 32805, 32890, 32940, 34660, 34710, 64995, 65516):
                tiff = Tiff(">")
                values = list(range(first, first + 20))
                struct.pack_into(">I", tiff.bytes, 4, tiff.add([(tag, 3, 20, packed(">", 3, values))], {}))
                files.append(in_jpeg(bytes(tiff.bytes), picture))
        self.compare(files)

    def test_every_tag_has_their_name(self):
        picture = self.picture("JPEG")
        files = []
        for pointer in (None, 0x8825, 0xA005, 0x8769):
            for first in range(0, 65536, 900):
                tags = [t for t in range(first, min(first + 900, 65536)) if t not in POINTERS and t not in LEFT_OUT]
                tiff = Tiff("<")
                at = tiff.add([(t, 3, 1, struct.pack("<H", 64001)) for t in tags], {})
                if pointer:
                    at = tiff.add([], {pointer: at})
                struct.pack_into("<I", tiff.bytes, 4, at)
                files.append(in_jpeg(bytes(tiff.bytes), picture))
                if pointer in (0x8825, 0xA005) and first > 9000:
                    break
        self.compare(files)

    def test_what_pillow_writes(self):
        exif = Image.Exif()
        exif[0x010F], exif[0x0110], exif[0x0112] = "Canon", "Camera é", 6
        exif[0x011A] = exif[0x011B] = 72.0
        exif.get_ifd(0x8769).update({0x829A: 0.008, 0x9209: 16, 0x9000: b"0232", 0x9003: "2024:05:06 07:08:09"})
        exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.5), 3: "W", 4: (0.0, 7.0, 39.9), 5: b"\0"})
        files = [self.picture(form, exif=exif) for form in ("JPEG", "PNG", "WEBP")]
        files += [self.picture(form) for form in ("JPEG", "PNG", "WEBP")]
        self.assertIn("Rotated 90 CW", theirs(files[0]))
        for file in files[:3]:
            self.compare([file])
        for file in files[3:]:
            self.assertEqual(theirs(file), "{}")
        self.compare(files)

    def test_tiff_files(self):
        output = io.BytesIO()
        Image.new("RGB", (16, 12)).save(output, "TIFF")
        self.compare([output.getvalue()])


def main() -> int:
    """Runs the tests with the environment's Python."""
    global exifread, Image
    python = pathlib.Path(os.environ["TEST_VENV"]) / "bin" / "python"
    if not python.exists():
        print(f"skipped: {python} is missing; tools/install_packages test makes it")
        return 77
    if pathlib.Path(sys.prefix).resolve() != pathlib.Path(os.environ["TEST_VENV"]).resolve():
        os.execv(python, [str(python), __file__, *sys.argv[1:]])
    try:
        import exifread
        from PIL import Image
    except ImportError as missing:
        print(f"skipped: {missing}; tools/install_packages test installs it")
        return 77
    logging.disable(logging.CRITICAL)
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
