#!/usr/bin/env python3
"""Folders that img2dataset began: pixhaul goes on with them, and wins failed rows of finished ones."""

import json
import tarfile
import unittest

import environment
import support
from folders import Output

FORMATS = ("files", "webdataset", "parquet")


class Continued(support.Case):
    def setUp(self):
        super().setUp()
        self.urls = self.origin.images(24, size=40)
        self.urls[3] = self.origin.url("/later/3.jpg")
        self.urls[13] = self.origin.url("/status/404")
        self.origin.put("/later/3.jpg", b"")
        rows = [{"link": url, "text": f"caption {i}", "n": i} for i, url in enumerate(self.urls)]
        (self.folder / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def parameters(self, output_format, **more):
        return {"url_list": str(self.folder / "list.jsonl"), "input_format": "jsonl", "url_col": "link",
                "caption_col": "text", "save_additional_columns": ["n"], "image_size": 64, "thread_count": 4,
                "number_sample_per_shard": 10, "output_format": output_format,
                "output_folder": str(self.folder / output_format), **more}

    def begun(self, output_format):
        """A folder that img2dataset has finished."""
        parameters = self.parameters(output_format)
        self.assertEqual(environment.run_theirs([parameters], self.folder), [None])
        self.origin.ledger(clear=True)
        return parameters, self.folder / output_format

    def requested(self):
        return [request["path"] for request in self.origin.ledger()["requests"]]

    def read(self, output_format):
        return Output(self.folder / output_format, output_format)

    def test_a_run_that_was_killed_goes_on_where_it_was(self):
        for output_format in FORMATS:
            with self.subTest(output_format):
                parameters, folder = self.begun(output_format)
                whole = self.read(output_format)
                (folder / "00002_stats.json").unlink()  # img2dataset writes it last
                for path in folder.glob("00002.*"):
                    path.write_bytes(path.read_bytes()[:1000])
                untouched = {path: path.stat().st_mtime_ns for path in folder.rglob("0000[01]*")}
                self.assertIsNone(environment.run_ours(parameters, self.folder))
                self.assertEqual(sorted(self.requested()), sorted(url.split("/", 3)[3].join(["/", ""])
                                                                  for url in self.urls[20:]))
                self.assertEqual(untouched, {path: path.stat().st_mtime_ns for path in untouched})
                after = self.read(output_format)
                self.assertEqual(after.rows, whole.rows)
                self.assertEqual(after.schemas, whole.schemas)
                self.assertEqual(after.images.keys(), whole.images.keys())
                self.assertEqual(after.files - {"failed.txt"}, whole.files)

    def test_failed_rows_are_won_and_only_their_shards_made_anew(self):
        for output_format in FORMATS:
            with self.subTest(output_format):
                self.origin.put("/later/3.jpg", b"")
                parameters, folder = self.begun(output_format)
                before = self.read(output_format)
                self.assertEqual(before.rows["000003"]["status"], "failed_to_resize")
                untouched = {path: path.stat().st_mtime_ns for path in folder.rglob("0000[12]*")}
                self.origin.put("/later/3.jpg", self.origin.get("/img/40/40/99.jpg"))
                self.assertIsNone(environment.run_ours(parameters, self.folder, PIXHAUL_RETRY_FAILED="all"))
                self.assertEqual(sorted(self.requested()), ["/img/40/40/99.jpg", "/later/3.jpg", "/status/404"])
                self.assertEqual(untouched, {path: path.stat().st_mtime_ns for path in untouched})
                after = self.read(output_format)
                self.assertEqual(after.rows["000003"]["status"], "success")
                self.assertIn("000003", after.images)
                for key in before.rows.keys() - {"000003"}:
                    self.assertEqual(after.rows[key], before.rows[key])
                    self.assertEqual(after.images.get(key), before.images.get(key))
                    self.assertEqual(after.samples.get(key, {}).get("json"), before.samples.get(key, {}).get("json"))
                self.assertEqual(after.schemas, before.schemas)
                self.assertEqual(self.command("verify", output_format).code, 0)

    def test_by_class_only_what_may_pass_is_asked_for_again(self):
        parameters, _ = self.begun("webdataset")
        self.assertIsNone(environment.run_ours(parameters, self.folder, PIXHAUL_RETRY_FAILED="http_4xx"))
        self.assertEqual(self.requested(), ["/status/404"])
        self.assertEqual(len(self.read("webdataset").rows), 24)

    def test_a_folder_of_other_images_or_columns_is_refused(self):
        parameters, folder = self.begun("files")
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("0*")}
        said = environment.run_ours({**parameters, "encode_format": "webp"}, self.folder, PIXHAUL_RETRY_FAILED="all")
        self.assertIn("this folder's images are .jpg and not .webp", said)
        said = environment.run_ours({**parameters, "compute_hash": "md5"}, self.folder / "..",
                                    PIXHAUL_RETRY_FAILED="all")
        self.assertIn("begun with", said)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in before})

    def test_a_row_its_table_lost_is_done_again(self):
        import pyarrow.parquet as pq

        parameters, folder = self.begun("webdataset")
        table = pq.read_table(folder / "00001.parquet")
        keys = table["key"].to_pylist()
        lost = keys.index("000015") if "000015" in keys else 5
        pq.write_table(table.take([i for i in range(len(keys)) if i != lost]), folder / "00001.parquet")
        self.assertIsNone(environment.run_ours(parameters, self.folder, PIXHAUL_RETRY_FAILED="transient"))
        with tarfile.open(folder / "00001.tar") as tar:
            self.assertEqual(sum(name.endswith(".jpg") for name in tar.getnames()), 9)


if __name__ == "__main__":
    unittest.main()
