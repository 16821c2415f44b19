#!/usr/bin/env python3
"""A dataset's tars as the input: the samples are there already, nothing is contacted."""

import io
import json
import pathlib
import tarfile
import unittest

import support


def members(path):
    with tarfile.open(path) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


class SamplesTest(support.Case):
    def setUp(self):
        super().setUp()
        self.urls = self.origin.images(5, size=48)
        lines = [json.dumps({"url": url, "text": f"caption é {i}", "id": i})
                 for i, url in enumerate(self.urls)]
        (self.folder / "list.jsonl").write_text("\n".join(lines) + "\n")
        self.download("list.jsonl", "--caption_col", "text", "--save_additional_columns", "id",
                      "--output_format", "webdataset", "--number_sample_per_shard", "3",
                      "--output_folder", "first")
        self.origin.ledger(clear=True)

    def again(self, *arguments, expect=0, source="first"):
        return self.download(source, "--output_folder", "again", "--caption_col", "caption",
                             "--save_additional_columns", "id", *arguments, expect=expect)

    def samples(self, output):
        found = {}
        for path in sorted((self.folder / output).glob("*.tar")):
            found.update(members(path))
        return found

    def test_a_dataset_is_kept_as_it_is_without_a_request(self):
        self.again("--output_format", "webdataset", "--number_sample_per_shard", "3")
        first, again = self.samples("first"), self.samples("again")
        self.assertEqual(len(first), 15)
        self.assertEqual(sorted(first), sorted(again))
        for name, data in first.items():
            if name.endswith(".json"):
                one, other = json.loads(data), json.loads(again[name])
                self.assertEqual((one["url"], one["id"], one["caption"]),
                                 (other["url"], other["id"], other["caption"]))
            else:
                self.assertEqual(data, again[name], name)
        self.assertEqual(self.origin.ledger()["requests"], [])

    def test_a_dataset_is_resized_into_another_layout(self):
        self.again("--output_format", "files", "--resize_mode", "border", "--image_size", "16")
        rows = self.rows("again")
        self.assertEqual([row["url"] for row in rows], self.urls)
        self.assertEqual([(row["width"], row["height"]) for row in rows], [(16, 16)] * 5)
        self.assertEqual(self.origin.ledger()["requests"], [])

    def test_samples_without_an_image_or_with_a_broken_one_are_rows_that_failed(self):
        image = next(d for n, d in self.samples("first").items() if n.endswith(".jpg"))
        with tarfile.open(self.folder / "mixed.tar", "w") as tar:
            for name, data in (("a/" + "long" * 60 + ".jpg", image), ("b.json", b"{}"),
                               ("c.jpg", image[:200]), ("d.jpg", image), ("d.json", b"[1]"),
                               ("e.txt", b"only"), ("e.jpg", image)):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        self.download("mixed.tar", "--output_folder", "again", expect=1)
        self.assertEqual(self.statuses("again"),
                         ["success", "bad_row", "truncated", "bad_row", "success"])

    def test_a_tar_cut_short_ends_the_run_with_one_sentence(self):
        whole = (self.folder / "first/00000.tar").read_bytes()
        (self.folder / "cut.tar").write_bytes(whole[:700])
        done = self.download("cut.tar", "--output_folder", "again", expect=3)
        self.assertIn("cut short", done.stderr)


if __name__ == "__main__":
    unittest.main()
