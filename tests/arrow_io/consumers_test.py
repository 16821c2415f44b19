#!/usr/bin/env python3
"""Loads our tables with the libraries people load them with, and compares every value.

Needs MAKE_TABLES (the program that writes them) and TEST_VENV (an environment with pyarrow, and with Hugging Face's
datasets for the tests of that); runs itself again with that environment's Python. Ends with 77, CTest's "skipped",
where the environment is missing.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROWS = 150


def failed(position: int) -> bool:
    """Returns whether make_tables.cc lets the row fail."""
    return position % 5 == 0


def row_of(shard: int, position: int) -> dict:
    """Returns the row as img2dataset would have written it."""
    lost = failed(position)
    index = shard * 10_000 + position
    return {
        "id": position,
        "tags": ["a", "é"],
        "caption": None if position % 7 == 0 else f"caption é {position}",
        "url": f"http://h/{index}",
        "key": f"{index:09d}",
        "status": "failed_to_download" if lost else "success",
        "error_message": "HTTP Error 404: Not Found" if lost else None,
        "width": None if lost else 256,
        "height": None if lost else 100,
        "original_width": None if lost else 1024,
        "original_height": None if lost else 683,
        "exif": None if lost else "{}",
        "sha256": None if lost else "00ff",
        "jpg": None if lost else bytes([position & 0xFF]) * (1000 + position),
    }


class Tables(unittest.TestCase):
    """One folder of tables for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = pathlib.Path(cls.temporary.name)
        subprocess.run([os.environ["MAKE_TABLES"], str(cls.folder)], check=True)

    def test_pyarrow_reads_every_row_with_the_peers_schema(self):
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = [("key", pa.string()), ("status", pa.string()), ("error_message", pa.string())]
        sizes = [(name, pa.int32()) for name in ("width", "height", "original_width", "original_height")]
        wanted = pa.schema(
            [("id", pa.int64()), ("tags", pa.list_(pa.string())), ("caption", pa.string()), ("url", pa.string())]
            + texts + sizes + [("exif", pa.string()), ("sha256", pa.string()), ("jpg", pa.binary())]
        )
        for shard in (0, 1):
            file = pq.ParquetFile(self.folder / f"0000{shard}.parquet")
            self.assertEqual(file.schema_arrow, wanted)
            self.assertEqual([file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)], [100, 50])
            self.assertEqual(file.read().to_pylist(), [row_of(shard, i) for i in range(ROWS)])

    def test_pyarrow_would_write_the_same_schema_and_encodings(self):
        import pyarrow.parquet as pq

        ours = pq.ParquetFile(self.folder / "00000.parquet")
        pq.write_table(ours.read(), self.folder / "theirs.parq", row_group_size=100)
        theirs = pq.ParquetFile(self.folder / "theirs.parq")
        self.assertEqual(ours.schema, theirs.schema)
        self.assertEqual(ours.metadata.format_version, theirs.metadata.format_version)
        for column in range(ours.metadata.num_columns - 1):
            one, other = (file.metadata.row_group(0).column(column) for file in (ours, theirs))
            self.assertEqual((one.compression, one.encodings), (other.compression, other.encodings))

    def test_the_rows_table_is_joined_by_key(self):
        import pyarrow.parquet as pq

        rows = pq.read_table(self.folder / "rows.parquet").to_pylist()
        keys = [row_of(shard, i)["key"] for shard in (0, 1) for i in range(ROWS)]
        self.assertEqual([row["key"] for row in rows], keys)
        self.assertEqual(rows[0]["status"], "http_4xx")
        self.assertEqual(rows[1]["bytes"], 1001)

    def test_the_failed_table_can_be_fed_back(self):
        import pyarrow.parquet as pq

        rows = pq.read_table(self.folder / "failed.parquet").to_pylist()
        wanted = [row_of(shard, i) for shard in (0, 1) for i in range(ROWS) if failed(i)]
        for name in ("id", "tags", "caption", "url"):
            self.assertEqual([row[name] for row in rows], [row[name] for row in wanted])
        self.assertEqual({row["status"] for row in rows}, {"http_4xx"})
        self.assertEqual({row["http_status"] for row in rows}, {404})

    @unittest.skipUnless(importlib.util.find_spec("datasets"), "Hugging Face's datasets is not here")
    def test_datasets_loads_every_row(self):
        import datasets

        for streaming in (False, True):
            loaded = datasets.load_dataset(
                "parquet", data_files=str(self.folder / "0000*.parquet"), split="train", streaming=streaming,
                cache_dir=str(self.folder / "cache"),
            )
            self.assertEqual(list(loaded), [row_of(shard, i) for shard in (0, 1) for i in range(ROWS)])


def main() -> None:
    """Runs the tests, in the environment that has the libraries."""
    python = pathlib.Path(os.environ["TEST_VENV"]) / "bin" / "python"
    if not python.exists():
        print(f"skipped: {python} is missing; tools/install_packages build makes it")
        sys.exit(77)
    if pathlib.Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])
    unittest.main()


if __name__ == "__main__":
    main()
