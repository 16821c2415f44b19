#!/usr/bin/env python3
"""The parts of img2dataset that programs put together themselves, ours beside its own."""

import contextlib
import io
import itertools
import os
import pathlib
import sys
import tarfile
import unittest
from unittest import mock

import environment
import support

PACKAGE = pathlib.Path(os.environ.get("PIXHAUL_PACKAGE", environment.ROOT / "build/dev/python"))
if not list(PACKAGE.glob("pixhaul/_core*.so")):
    print(f"no Python package in {PACKAGE}")
    sys.exit(77)
sys.path.insert(0, str(PACKAGE))
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import img2dataset.blurrer  # noqa: E402
import img2dataset.downloader  # noqa: E402
import img2dataset.logger  # noqa: E402
import img2dataset.reader  # noqa: E402
import img2dataset.resizer  # noqa: E402
import img2dataset.writer  # noqa: E402
import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

import pixhaul.img2dataset.blurrer  # noqa: E402
import pixhaul.img2dataset.downloader  # noqa: E402
import pixhaul.img2dataset.logger  # noqa: E402
import pixhaul.img2dataset.reader  # noqa: E402
import pixhaul.img2dataset.resizer  # noqa: E402
import pixhaul.img2dataset.writer  # noqa: E402
from pictures import all_pictures, decoded, distance  # noqa: E402

BOTH = (img2dataset, pixhaul.img2dataset)
SCHEMA = pa.schema([("url", pa.string()), ("caption", pa.string()), ("key", pa.string()), ("n", pa.int64())])


def members(path):
    with tarfile.open(path) as tar:
        return [(member.name, member.mode, member.uname, tar.extractfile(member).read()) for member in tar]


class Parts(support.Case):
    def setUp(self):
        super().setUp()
        patched = mock.patch.dict(os.environ, {"PIXHAUL_ALLOW_NET": "127.0.0.0/8"})
        patched.start()
        self.addCleanup(patched.stop)

    def test_the_resizer_returns_what_its_resizer_returns(self):
        pictures = {name: data for name, data in all_pictures().items()
                    if name not in ("turned.jpg", "cut.jpg", "deep.png", "grey.jpg", "nothing.jpg")}
        for mode, bigger in itertools.product(("no", "border", "keep_ratio", "center_crop", "keep_ratio_largest"),
                                              (False, True)):
            resizers = [part.resizer.Resizer(96, mode, bigger, encode_format="png", encode_quality=2,
                                             max_aspect_ratio=5) for part in BOTH]
            for name, data in pictures.items():
                with self.subTest(mode=mode, bigger=bigger, name=name):
                    theirs, ours = (resizer(io.BytesIO(data)) for resizer in resizers)
                    self.assertEqual(theirs[1:], ours[1:])
                    if theirs[0] is not None:
                        self.assertGreater(distance(decoded(theirs[0]), decoded(ours[0])), 40)

    def test_the_resizer_refuses_what_its_resizer_refuses(self):
        for arguments in ({"resize_mode": "x"}, {"encode_format": "gif"}, {"encode_format": "png"},
                          {"upscale_interpolation": "x"}):
            said = []
            for part in BOTH:
                with self.assertRaises(ValueError) as caught:
                    part.resizer.Resizer(**{"image_size": 9, "resize_mode": "no", "resize_only_if_bigger": False,
                                            **arguments})
                said.append(str(caught.exception))
            self.assertEqual(*said)

    def test_boxes_are_blurred_alike(self):
        picture = np.random.default_rng(3).integers(0, 256, (150, 200, 3), np.uint8)
        boxes = [[0.1, 0.2, 0.5, 0.6], [0.7, 0.7, 1.0, 1.0]]
        theirs, ours = (part.blurrer.BoundingBoxBlurrer()(img=picture.copy(), bbox_list=boxes) for part in BOTH)
        self.assertLessEqual(np.abs(theirs.astype(int) - ours.astype(int)).max(), 1)
        self.assertGreater(np.abs(theirs.astype(int) - picture.astype(int)).max(), 20)

    def test_the_reader_cuts_the_same_shards(self):
        (self.folder / "lists").mkdir()
        for name, numbers in (("b", range(7)), ("a", range(7, 10))):
            table = pa.table({"link": [f"http://x/{i}" for i in numbers], "text": [f"t{i}" for i in numbers],
                              "n": list(numbers)})
            pq.write_table(table, self.folder / f"lists/{name}.parquet")
        (self.folder / "urls.txt").write_text("".join(f"http://x/{i}\n" for i in range(5)))
        for url_list, input_format, columns, done in (("lists", "parquet", ["n"], {1}), ("urls.txt", "txt", None, set())):
            shards = []
            for number, part in enumerate(BOTH):
                scratch = self.folder / f"tmp{number}{input_format}"
                scratch.mkdir()
                reader = part.reader.Reader(str(self.folder / url_list), input_format,
                                            "link" if columns else "url", "text" if columns else None, None, None,
                                            columns, 3, done, str(scratch), 4)
                found = [(shard, pa.ipc.open_file(pa.OSFile(path)).read_all()) for shard, path in reader]
                shards.append((reader.column_list, [(shard, rows.schema, rows.to_pylist()) for shard, rows in found]))
            self.assertEqual(*shards)

    def test_the_writers_write_the_same(self):
        rows = [{"url": "u", "caption": "a b", "key": "000", "n": 1}, {"url": "v", "caption": None, "key": "001", "n": None}]
        for name in ("FilesSampleWriter", "WebDatasetSampleWriter", "ParquetSampleWriter"):
            seen = []
            for number, part in enumerate(BOTH):
                folder = self.folder / f"{name}{number}"
                folder.mkdir()
                writer = getattr(part.writer, name)(3, str(folder), True, 4, SCHEMA, "jpg")
                for row in rows:
                    writer.write(b"bytes" if row["n"] else None, row["key"], row["caption"], dict(row))
                writer.close()
                files = {str(path.relative_to(folder)): path for path in folder.rglob("*.*")}
                texts = {file: path.read_bytes() for file, path in files.items() if file.count("/")}
                tars = {file: members(path) for file, path in files.items() if file.endswith("tar")}
                table = pq.read_table(folder / "0003.parquet")
                seen.append((sorted(files), texts, tars, table.schema.names, table.to_pylist()))
            self.assertEqual(*seen)

    def test_records_are_those_of_a_tfrecord_reader(self):
        writer = pixhaul.img2dataset.writer.TFRecordSampleWriter(0, str(self.folder), True, 5, SCHEMA, "jpg")
        writer.write(b"bytes", "00", "caption", {"url": "u", "caption": "c", "key": "00", "n": -3})
        writer.close()
        data = (self.folder / "00000.tfrecord").read_bytes()
        self.assertEqual(int.from_bytes(data[:8], "little"), len(data) - 16)
        negative = b"\xfd" + b"\xff" * 8 + b"\x01"  # -3 as a varint
        for piece in (b"jpg", b"bytes", b"txt", b"caption", negative):
            self.assertIn(piece, data)

    def test_a_downloader_does_a_shard(self):
        urls = self.origin.images(9) + [self.origin.url("/status/404")]
        seen = []
        for number, part in enumerate(BOTH):
            folder = self.folder / f"out{number}"
            folder.mkdir()
            table = pa.table({"caption": [f"c{i}" for i in range(10)], "url": urls})
            with pa.OSFile(str(folder / "2.feather"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
            downloader = part.downloader.Downloader(
                part.writer.FilesSampleWriter, part.resizer.Resizer(48, "border", False, encode_format="png",
                                                                    encode_quality=1),
                4, True, True, str(folder), ["caption", "url"], 5, 10, 3, "md5", None, "png", 0, None, ["noai"])
            self.assertEqual(downloader((2, str(folder / "2.feather"))), (True, (2, str(folder / "2.feather"))))
            rows = sorted(pq.read_table(folder / "002.parquet").to_pylist(), key=lambda row: row["key"])
            seen.append((rows, sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))))
        self.assertEqual(*seen)

    def test_one_image_is_downloaded(self):
        for url, error in ((self.origin.url("/img/20/20/1.jpg"), None),
                           (self.origin.url("/status/404"), "HTTP Error 404: Not Found"),
                           (self.origin.url("/robots_tag?value=noai"),
                            "Use of image disallowed by X-Robots-Tag directive")):
            results = [part.downloader.download_image_with_retry((7, url), 5, 0, None, {"noai"}) for part in BOTH]
            for key, stream, said in results:
                self.assertEqual((key, said, stream is None), (7, error, error is not None))
            if error is None:
                self.assertEqual(*(stream.read() for _, stream, _ in results))

    def test_the_logger_adds_up_a_folder(self):
        for shard, failed in ((0, 0), (1, 2), (2, 1)):
            counter = pixhaul.img2dataset.logger.CappedCounter.load({"success": 10 - failed})
            pixhaul.img2dataset.logger.write_stats(str(self.folder), shard, 10, 10 - failed, failed, 0, 1.0, 3.0, counter, 5)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            logger = pixhaul.img2dataset.logger.LoggerProcess(str(self.folder), False, "project", {})
            logger.done_shards = {0}
            logger.start()
            logger.join()
        self.assertEqual(said.getvalue().splitlines()[-1],
                         "total   - success: 0.850 - failed to download: 0.150 - failed to resize: 0.000"
                         " - images per sec: 10 - count: 20")

    def test_keys_and_counters_are_the_same(self):
        for key, shard, digits, width in ((0, 0, 1, 5), (17, 3, 4, 5), (5, 123456, 2, 3), (0, 7, 0, 2)):
            self.assertEqual(*(part.downloader.compute_key(key, shard, digits, width) for part in BOTH))
        counts = []
        for part in BOTH:
            counter = part.logger.CappedCounter(max_size=10)
            for i in range(30):
                counter.increment(f"rare {i}")
                counter.increment("often")
            counts.append((counter.most_common(1), len(counter.dump()) <= 10))
        self.assertEqual(*counts)


if __name__ == "__main__":
    unittest.main()
