#!/usr/bin/env python3
"""Loads our shards with the libraries people load them with, and compares every byte.

Needs MAKE_SHARDS (the program that writes them) and TEST_VENV (the environment of tests/requirements.txt); runs itself
again with that environment's Python. Ends with 77, CTest's "skipped", where the environment is missing.
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

SAMPLES = 40
LENGTHS = [1, 511, 512, 513, 4096, 75_000, 262_144, 300_001]


def image_of(index: int) -> bytes:
    """Returns the bytes make_shards.cc gives the sample."""
    length = LENGTHS[index % len(LENGTHS)]
    period = bytes((index * 31 + i * 7) & 0xFF for i in range(256))
    return (period * (length // 256 + 1))[:length]


def caption_of(index: int) -> str:
    """Returns the sample's caption."""
    return "" if index % 5 == 0 else f"caption é {index}"


def meta_of(index: int) -> dict:
    """Returns what img2dataset would hold in `meta`."""
    return {
        "tags": ["a", "é"],
        "boxes": [[0.5, 1.0]],
        "score": 0.25,
        "count": index * 1_000_003,
        "caption": caption_of(index),
        "url": f"http://h/é/{index}",
        "key": f"{index:09d}",
        "status": "success",
        "error_message": None,
        "width": 256,
        "height": 100 + index,
        "original_width": 1024,
        "original_height": 683,
        "exif": "{}",
        "sha256": "00ff",
    }


class Shards(unittest.TestCase):
    """One folder of shards for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)
        made = subprocess.run([os.environ["MAKE_SHARDS"], str(cls.folder)], check=True, capture_output=True, text=True)
        cls.pattern = made.stdout.strip()

    def test_tarfile_reads_what_tarfile_would_write(self):
        want = io.BytesIO()
        with tarfile.open(fileobj=want, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for index in range(30):
                parts = {
                    "jpg": image_of(index),
                    "json": json.dumps(meta_of(index), indent=4).encode(),
                    "txt": caption_of(index).encode(),
                }
                for extension, contents in parts.items():
                    member = tarfile.TarInfo(f"{index:09d}.{extension}")
                    member.size, member.mode = len(contents), 0o444
                    member.uname = member.gname = "bigdata"
                    tar.addfile(member, io.BytesIO(contents))
        self.assertEqual((self.folder / "00000.tar").read_bytes(), want.getvalue())
        with tarfile.open(self.folder / "00000.tar") as tar:
            self.assertEqual(len(tar.getmembers()), 90)

    def test_webdataset_loads_every_sample_in_order(self):
        import webdataset

        self.assertEqual(self.pattern, "{00000..00001}.tar")
        dataset = webdataset.WebDataset(str(self.folder / self.pattern), shardshuffle=False)
        samples = list(dataset)
        self.assertEqual([sample["__key__"] for sample in samples], [f"{i:09d}" for i in range(SAMPLES)])
        for index, sample in enumerate(samples):
            self.assertEqual(sample["jpg"], image_of(index))
            self.assertEqual(sample["txt"].decode(), caption_of(index))
            self.assertEqual(json.loads(sample["json"]), meta_of(index))
            self.assertEqual(list(json.loads(sample["json"])), list(meta_of(index)))
        decoded = next(iter(webdataset.WebDataset(str(self.folder / "00001.tar"), shardshuffle=False).decode()))
        self.assertEqual(decoded["json"]["url"], "http://h/é/30")

    def test_tfrecord_loads_every_sample_in_order(self):
        from tfrecord.reader import tfrecord_loader

        description = {
            "key": "byte", "jpg": "byte", "txt": "byte", "tags": "byte", "score": "float", "count": "int",
            "error_message": "byte", "width": "int", "height": "int", "exif": "byte", "sha256": "byte", "url": "byte",
        }
        records = list(tfrecord_loader(str(self.folder / "00000.tfrecord"), None, description))
        self.assertEqual(len(records), SAMPLES)
        for index, record in enumerate(records):
            self.assertEqual(bytes(record["jpg"]), image_of(index))
            self.assertEqual(bytes(record["key"]).decode(), f"{index:09d}")
            self.assertEqual(bytes(record["txt"]).decode(), caption_of(index))
            self.assertEqual(bytes(record["url"]).decode(), f"http://h/é/{index}")
            self.assertEqual(bytes(record["error_message"]), b"")
            self.assertEqual(int(record["height"][0]), 100 + index)
            self.assertEqual(int(record["count"][0]), index * 1_000_003)
            self.assertAlmostEqual(float(record["score"][0]), 0.25)

    def test_every_feature_is_one_that_protobuf_reads(self):
        from tfrecord import example_pb2

        example = example_pb2.Example()
        for data in self.records():
            example.ParseFromString(data)
            self.assertEqual(set(example.features.feature), set(meta_of(0)) | {"jpg", "txt"})
            self.assertEqual(list(example.features.feature["tags"].bytes_list.value), [b"a", "é".encode()])

    def records(self):
        """Yields the data of each record, its sums compared with those of another implementation."""
        import crc32c

        def masked(data: bytes) -> int:
            crc = crc32c.crc32c(data)
            return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF

        file = (self.folder / "00000.tfrecord").read_bytes()
        at = 0
        while at < len(file):
            length = int.from_bytes(file[at : at + 8], "little")
            data = file[at + 12 : at + 12 + length]
            self.assertEqual(int.from_bytes(file[at + 8 : at + 12], "little"), masked(file[at : at + 8]))
            self.assertEqual(int.from_bytes(file[at + 12 + length : at + 16 + length], "little"), masked(data))
            yield data
            at += 16 + length

    def test_json_files_are_what_python_writes(self):
        for name in ("sizes.json", "00000_stats.json"):
            text = (self.folder / name).read_text()
            self.assertEqual(text, json.dumps(json.loads(text), indent=4))
        self.assertEqual(json.loads((self.folder / "sizes.json").read_text()), {"00000.tar": 30, "00001.tar": 10})
        facts = json.loads((self.folder / "00000_stats.json").read_text())["pixhaul"]["files"][0]
        self.assertEqual(facts["bytes"], (self.folder / "00000.tar").stat().st_size)
        import crc32c

        self.assertEqual(facts["crc32c"], crc32c.crc32c((self.folder / "00000.tar").read_bytes()))


def main() -> None:
    """Runs the tests, in the environment that has the libraries."""
    python = pathlib.Path(os.environ["TEST_VENV"]) / "bin" / "python"
    if not python.exists():
        print(f"skipped: {python} is missing; tools/install_packages test makes it")
        sys.exit(77)
    if pathlib.Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])
    unittest.main()


if __name__ == "__main__":
    main()
