"""Datasets by the real command: tables in, shards out, resumed, retried and the same bytes whatever
the timing. Parquet itself is looked at where the build's own pyarrow is there."""

import csv
import hashlib
import json
import subprocess
import tarfile
import unittest

import support

ARROW_PYTHON = support.ROOT / "build/venv/arrow/bin/python"


def members(path):
    """A tar's members by name."""
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


class Datasets(support.Case):
    def read_parquet(self, path, *columns):
        """A table's rows, by the build's own pyarrow; of all columns unless some are named."""
        script = ("import pyarrow.parquet as p, json, sys\n"
                  "print(json.dumps(p.read_table(sys.argv[1], columns=sys.argv[2:] or None).to_pylist()))")
        done = subprocess.run([ARROW_PYTHON, "-c", script, path, *columns],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def write_table(self, urls, name="list.csv", **columns):
        with open(self.folder / name, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["url", "caption", *columns])
            for i, url in enumerate(urls):
                writer.writerow([url, f"caption {i}, \"quoted\"", *(v[i] for v in columns.values())])
        return name

    def test_a_webdataset_has_image_caption_and_json_of_each_success(self):
        urls = self.origin.images(30)
        urls[7] = self.origin.url("/status/404")
        self.write_table(urls, score=[i / 4 for i in range(30)])
        self.download("list.csv", "--output_format", "webdataset", "--caption_col", "caption",
                      "--save_additional_columns", "score", "--number_sample_per_shard", "10",
                      "--fail_ratio", "1")
        self.assertEqual(self.files(), {f"{shard:05d}{end}" for shard in range(3)
                                        for end in (".tar", ".parquet", "_stats.json")}
                         | {"failed.txt"})
        first = members(self.folder / "images/00000.tar")
        keys = [f"00000{i}" for i in range(10) if i != 7]
        self.assertEqual(list(first), [f"{key}.{end}" for key in keys
                                       for end in ("jpg", "json", "txt")])
        sample = json.loads(first["000003.json"])
        self.assertEqual(sample["caption"], 'caption 3, "quoted"')
        self.assertEqual(sample["score"], 0.75)
        self.assertEqual(sample["status"], "success")
        self.assertEqual(sample["sha256"], hashlib.sha256(first["000003.jpg"]).hexdigest())
        self.assertEqual(first["000003.txt"].decode(), sample["caption"])
        self.assertEqual(first["000003.jpg"], self.origin.get("/img/24/24/3.jpg"))
        stats = json.loads((self.folder / "images/00000_stats.json").read_text())
        self.assertEqual((stats["count"], stats["successes"], stats["failed_to_download"]),
                         (10, 9, 1))

    @unittest.skipUnless(ARROW_PYTHON.exists(), "no build/venv/arrow")
    def test_failed_rows_keep_all_their_columns_and_can_be_fed_back(self):
        urls = self.origin.images(20)
        urls[3], urls[15] = self.origin.url("/status/404"), self.origin.url("/flaky?fail=1&key=failed_table")
        self.write_table(urls, score=[i / 4 for i in range(20)])
        options = ("--output_format", "webdataset", "--caption_col", "caption", "--save_additional_columns",
                   "score", "--number_sample_per_shard", "10", "--retries", "0")
        done = self.download("list.csv", *options, "--fail_ratio", "1")
        table = self.folder / "images/.pixhaul/failed.parquet"
        self.assertIn("with all their columns in images/.pixhaul/failed.parquet", done.stderr)
        self.assertEqual([(row["caption"], row["score"], row["url"], row["status"], row["http_status"])
                          for row in self.read_parquet(table)],
                         [(f"caption {i}, \"quoted\"", i / 4, urls[i], status, code)
                          for i, status, code in ((3, "http_4xx", 404), (15, "http_5xx", 503))])
        self.download("images/.pixhaul/failed.parquet", *options, "-o", "again", "--fail_ratio", "1")
        with_score = json.loads(members(self.folder / "again/00000.tar")["000001.json"])
        self.assertEqual((with_score["caption"], with_score["score"]), ('caption 15, "quoted"', 3.75))
        self.download("list.csv", *options, "--retry_failed", "all", "--fail_ratio", "1")
        self.assertEqual([row["url"] for row in self.read_parquet(table)], [urls[3]])
        self.download("list.csv", "--incremental_mode", "overwrite", "--fail_ratio", "1")
        self.assertFalse(table.exists(), "the table of what is no dataset any more")

    @unittest.skipUnless(ARROW_PYTHON.exists(), "no build/venv/arrow")
    def test_the_rows_table_counts_redirects(self):
        self.write_table([self.origin.url("/redirect/302"), self.origin.images(1)[0]])
        self.download("list.csv", "--output_format", "webdataset")
        rows = self.read_parquet(self.folder / "images/.pixhaul/rows/00000.parquet", "redirects")
        self.assertEqual(rows, [{"redirects": 1}, {"redirects": 0}])

    def test_the_summary_names_the_shards_and_sizes_are_written(self):
        self.write_list(self.origin.images(25))
        done = self.download("urls.txt", "--output_format", "webdataset", "--sizes",
                             "--number_sample_per_shard", "10")
        self.assertIn("images/{00000..00002}.tar", done.stderr)
        self.assertEqual(json.loads((self.folder / "images/sizes.json").read_text()),
                         {"00000.tar": 10, "00001.tar": 10, "00002.tar": 5})

    def test_workers_share_a_folder_and_count_their_own_rows(self):
        self.write_list(self.origin.images(45))
        for index in range(2):
            done = self.download("urls.txt", "--output_format", "tfrecord", "--worker_count", 2,
                                 "--worker_index", index, "--number_sample_per_shard", "10")
            self.assertNotIn("done before", done.stderr)
        self.assertEqual(self.command("status", "images").code, 0)
        self.assertTrue({f"0000{i}.tfrecord" for i in range(5)} <= self.files())

    def test_pictures_are_resized_and_encoded(self):
        self.write_list([self.origin.url("/img/300/200/1.jpg"), self.origin.url("/img/90/20/2.png")])
        self.download("urls.txt", "--output_format", "webdataset", "--resize_mode", "border",
                      "--image_size", "64", "--encode_format", "png", "--extract_exif")
        shard = members(self.folder / "images/00000.tar")
        for key in ("000000000", "000000001"):
            self.assertEqual(shard[f"{key}.png"][:8], b"\x89PNG\r\n\x1a\n")
            self.assertEqual(shard[f"{key}.png"][16:24], (64).to_bytes(4) * 2)
        sample = json.loads(shard["000000000.json"])
        self.assertEqual((sample["width"], sample["height"], sample["original_width"],
                          sample["original_height"]), (64, 64, 300, 200))
        self.assertEqual(sample["exif"], "{}")

    def test_same_responses_same_bytes(self):
        urls = [self.origin.url(f"/img/40/30/{i}.jpg") for i in range(60)]
        urls[5] = self.origin.url("/status/404")
        self.write_table(urls)
        digests = []
        for concurrency, output in ((1, "one"), (16, "many")):
            self.download("list.csv", "-o", output, "--output_format", "webdataset",
                          "--caption_col", "caption", "--number_sample_per_shard", "25",
                          "--concurrency", concurrency, "--fail_ratio", "1")
            digests.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                            for path in (self.folder / output).iterdir()
                            if path.suffix in (".tar", ".parquet")})
        self.assertEqual(len(digests[0]), 6)
        self.assertEqual(*digests)

    def test_filters_refuse_by_size(self):
        self.write_list([self.origin.url("/img/200/200/1.jpg"), self.origin.url("/img/20/200/2.jpg")])
        self.download("urls.txt", "--min_image_size", "50")
        self.assertEqual(self.statuses(), ["success", "filtered"])
        self.assertEqual(self.rows()[1]["detail"], "image too small")

    def test_every_format_is_made_and_the_run_continues_where_it_was(self):
        self.write_list(self.origin.images(25))
        for output_format, extension in (("parquet", "parquet"), ("tfrecord", "tfrecord"),
                                         ("webdataset", "tar")):
            with self.subTest(output_format):
                arguments = ("urls.txt", "-o", output_format, "--output_format", output_format,
                             "--number_sample_per_shard", "10")
                self.download(*arguments, "--max_rows", "15", expect=6)
                self.origin.ledger(clear=True)
                self.download(*arguments)
                self.assertLessEqual(len(self.origin.ledger()["requests"]), 15)
                names = self.files(output_format)
                self.assertTrue({f"0000{i}.{extension}" for i in range(3)} <= names, names)

    def test_failed_rows_of_a_dataset_are_won_later(self):
        urls = self.origin.images(25)
        urls[3] = self.origin.url("/later/3.jpg")
        urls[14] = self.origin.url("/status/404")
        self.write_table(urls)
        for output_format, extension in (("webdataset", "tar"), ("parquet", "parquet")):
            with self.subTest(output_format):
                arguments = ("list.csv", "-o", output_format, "--output_format", output_format,
                             "--caption_col", "caption", "--number_sample_per_shard", "10",
                             "--fail_ratio", "1")
                self.origin.put("/later/3.jpg", b"")
                first = self.download(*arguments)
                self.assertIn("23 of 25", first.stderr)
                failed = (self.folder / output_format / "failed.txt").read_text()
                self.assertIn(urls[14], failed)
                self.origin.put("/later/3.jpg", self.origin.get("/img/24/24/99.jpg"))
                self.origin.ledger(clear=True)
                second = self.download(*arguments, "--retry_failed", "all")
                self.assertIn("24 of 25", second.stderr)
                self.assertEqual(len(self.origin.ledger()["requests"]), 2)
                self.assertEqual(self.command("verify", output_format).code, 0)
                if extension == "tar":
                    shard = members(self.folder / "webdataset/00000.tar")
                    self.assertEqual(len(shard), 30)
                    self.assertEqual(shard["000003.jpg"], self.origin.get("/img/24/24/99.jpg"))

    @unittest.skipUnless(ARROW_PYTHON.exists(), "no build/venv/arrow")
    def test_parquet_has_the_schema_of_img2dataset(self):
        urls = self.origin.images(4) + [self.origin.url("/status/404")]
        self.write_table(urls, id=[1, 2, 3, 4, 5])
        self.download("list.csv", "--output_format", "parquet", "--caption_col", "caption",
                      "--save_additional_columns", "id", "--fail_ratio", "1")
        script = ("import pyarrow.parquet as p, json, sys\n"
                  "t = p.read_table(sys.argv[1])\n"
                  "print(json.dumps([[f.name, str(f.type)] for f in t.schema]))\n"
                  "print(json.dumps([r['status'] for r in t.to_pylist()]))\n"
                  "print(json.dumps([len(r['jpg'] or b'') for r in t.to_pylist()]))\n")
        done = subprocess.run([ARROW_PYTHON, "-c", script, self.folder / "images/00000.parquet"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        schema, statuses, sizes = map(json.loads, done.stdout.splitlines())
        self.assertEqual(schema, [["id", "int64"], ["caption", "string"], ["url", "string"],
                                  ["key", "string"], ["status", "string"],
                                  ["error_message", "string"], ["width", "int32"],
                                  ["height", "int32"], ["original_width", "int32"],
                                  ["original_height", "int32"], ["sha256", "string"],
                                  ["jpg", "binary"]])
        self.assertEqual(statuses, ["success"] * 4 + ["http_4xx"])
        self.assertEqual([size > 0 for size in sizes], [True] * 4 + [False])

    def test_a_missing_column_is_one_sentence(self):
        (self.folder / "list.csv").write_text("URL,TEXT\nhttp://a/,b\n")
        done = self.download("list.csv", expect=3)
        self.assertIn("has no column 'url'", done.stderr)
        self.assertIn("--url_col URL", done.stderr)


if __name__ == "__main__":
    unittest.main()
