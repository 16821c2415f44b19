"""`pixhaul img2dataset`: img2dataset's command line, folder layout and texts, by the real command."""

import csv
import gzip
import json
import subprocess
import tarfile
import unittest

import support

ARROW_PYTHON = support.ROOT / "build/venv/arrow/bin/python"
ROWS = ("import json, sys, pyarrow.parquet as p\n"
        "t = p.read_table(sys.argv[1])\n"
        "t = t.drop_columns([c for c in ('jpg',) if c in t.column_names])\n"
        "print(json.dumps([[[f.name, str(f.type)] for f in t.schema], t.to_pylist()]))\n")


class Img2dataset(support.Case):
    def write_table(self, urls, name="list.csv", **columns):
        with open(self.folder / name, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["url", "caption", *columns])
            for i, url in enumerate(urls):
                writer.writerow([url, f"caption {i}", *(v[i] for v in columns.values())])
        return name

    def img2dataset(self, *arguments, expect=0, env=None):
        done = self.command("img2dataset", *arguments,
                            env={"PIXHAUL_ALLOW_NET": "127.0.0.0/8", **(env or {})})
        self.assertEqual(done.code, expect, done)
        return done

    def table(self, name):
        done = subprocess.run([ARROW_PYTHON, "-c", ROWS, self.folder / "images" / name],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    def test_files_lie_as_img2dataset_lays_them(self):
        urls = self.origin.images(5) + [self.origin.url("/status/404")]
        self.write_table(urls, n=range(6))
        self.img2dataset("list.csv", "64", "--input-format=csv", "--caption_col", "caption",
                         "--save_additional_columns", '["n"]', "--number_sample_per_shard", "4")
        shards = {f"{shard}{end}" for shard in ("00000", "00001")
                  for end in (".parquet", "_stats.json")}
        samples = {f"00000/00000{i}.{end}" for i in range(4) for end in ("jpg", "json", "txt")}
        samples |= {f"00001/000010.{end}" for end in ("jpg", "json", "txt")}
        self.assertEqual(self.files(), shards | samples | {"failed.txt"})
        sample = json.loads((self.folder / "images/00001/000010.json").read_text())
        self.assertEqual(list(sample), ["n", "caption", "url", "key", "status", "error_message",
                                        "width", "height", "original_width", "original_height",
                                        "exif", "sha256"])
        self.assertEqual((sample["n"], sample["width"], sample["original_width"], sample["exif"]),
                         (4, 64, 24, "{}"))
        self.assertEqual((self.folder / "images/00001/000010.txt").read_text(), "caption 4")
        stats = json.loads((self.folder / "images/00001_stats.json").read_text())
        self.assertEqual((stats["count"], stats["successes"], stats["failed_to_download"]),
                         (2, 1, 1))
        self.assertEqual(stats["status_dict"], {"success": 1, "HTTP Error 404: Not Found": 1})
        self.assertEqual(self.command("verify", "images").code, 0)

    @unittest.skipUnless(ARROW_PYTHON.exists(), "no build/venv/arrow")
    def test_the_table_says_nothing_more_of_a_failed_row(self):
        self.write_table(self.origin.images(1) + [self.origin.url("/img/9/90/1.jpg")], n=[1, 2.5])
        self.img2dataset("list.csv", "--input_format", "csv", "--max_aspect_ratio", "2",
                         "--save_additional_columns", "n", "--output_format", "webdataset")
        schema, rows = self.table("00000.parquet")
        self.assertEqual(schema[0], ["n", "double"])  # by all rows, as img2dataset infers
        self.assertEqual(rows[1]["status"], "failed_to_resize")
        self.assertEqual(rows[1]["error_message"], "aspect ratio too large")
        for name in ("width", "height", "original_width", "original_height", "exif", "sha256"):
            self.assertIsNone(rows[1][name], name)

    def test_each_list_of_a_folder_begins_a_shard(self):
        (self.folder / "lists").mkdir()
        for name, first, count in (("b", 3, 2), ("a", 0, 3)):
            self.write_list(self.origin.images(count, first), f"lists/{name}.txt")
        self.write_list(["http://unused/"], "lists/c.csv")
        self.img2dataset("lists", "--number_sample_per_shard=2", "--output_format=webdataset",
                         "--oom_shard_count", "3")
        keys = []
        for shard in ("000", "001", "002"):
            with tarfile.open(self.folder / "images" / f"{shard}.tar") as tar:
                keys += [name for name in tar.getnames() if name.endswith(".jpg")]
        self.assertEqual(keys, ["0000.jpg", "0001.jpg", "0010.jpg", "0020.jpg", "0021.jpg"])
        self.origin.ledger(clear=True)
        self.img2dataset("lists", "--number_sample_per_shard=2", "--output_format=webdataset",
                         "--oom_shard_count", "3")
        self.assertEqual(self.origin.ledger()["requests"], [])

    def test_what_is_refused_leaves_nothing(self):
        self.write_list(self.origin.images(1))
        for arguments, sentence in ((("--resize_mode", "big"), "Invalid option for resize_mode: big"),
                                    (("--output_format=zip",), "Invalid output format zip"),
                                    (("--distributor=x",), "Distributor x not supported")):
            done = self.img2dataset("urls.txt", *arguments, expect=2)
            self.assertEqual(done.stderr, f"pixhaul: {sentence}\n")
        self.assertFalse((self.folder / "images").exists())

    def test_without_reencoding_bytes_are_as_served_under_the_extension_asked_for(self):
        text = b"not a picture"
        self.origin.put("/page", text)
        self.write_list([self.origin.url("/page"), self.origin.url("/img/24/24/1.png")])
        self.img2dataset("urls.txt", "--disable_all_reencoding", "--encode_format", "webp")
        self.assertEqual((self.folder / "images/00000/000000000.webp").read_bytes(), text)
        sample = json.loads((self.folder / "images/00000/000000001.json").read_text())
        self.assertIsNone(sample["width"])
        self.assertIsNone(sample["original_height"])

    def test_a_compressed_list_is_read_and_a_name_that_says_otherwise_refused(self):
        urls = "".join(url + "\n" for url in self.origin.images(2))
        (self.folder / "l.txt.gz").write_bytes(gzip.compress(urls.encode()))
        self.img2dataset("l.txt.gz", "--input_format", "txt.gz")
        self.assertEqual(len(list((self.folder / "images/00000").glob("*.jpg"))), 2)
        self.write_list(self.origin.images(1))
        done = self.img2dataset("urls.txt", "--input_format", "txt.gz", expect=2)
        self.assertIn("takes names that end in .gz", done.stderr)

    def test_failed_rows_are_won_later_with_all_that_stands_beside_them(self):
        urls = self.origin.images(3)
        urls[1] = self.origin.url("/later/1.jpg")
        self.origin.put("/later/1.jpg", b"")
        self.write_table(urls)
        arguments = ("list.csv", "--input_format", "csv", "--caption_col", "caption")
        self.img2dataset(*arguments)
        before = self.files()
        self.assertNotIn("00000/000000001.json", before)
        self.origin.put("/later/1.jpg", self.origin.get("/img/24/24/99.jpg"))
        self.img2dataset(*arguments, env={"PIXHAUL_RETRY_FAILED": "all"})
        self.assertEqual(self.files(), (before - {"failed.txt"})
                         | {f"00000/000000001.{end}" for end in ("jpg", "json", "txt")})
        self.assertEqual(self.command("verify", "images").code, 0)

    def test_the_token_enters_the_user_agent_and_is_what_sites_may_name(self):
        self.write_list([self.origin.url("/robots_tag?value=mybot:%20noai"),
                         self.origin.url("/robots_tag?value=other:%20noai")])
        self.origin.ledger(clear=True)
        self.img2dataset("urls.txt", "--user_agent_token", "MyBot")
        stats = json.loads((self.folder / "images/00000_stats.json").read_text())
        self.assertEqual(stats["status_dict"]
                         ["Use of image disallowed by X-Robots-Tag directive"], 1)
        self.assertEqual(stats["successes"], 1)
        headers = {name.lower(): value for name, value
                   in self.origin.ledger()["requests"][0]["headers"]}
        self.assertRegex(headers["user-agent"], r"^pixhaul/\S+ \(compatible; mybot; \+https://")


if __name__ == "__main__":
    unittest.main()
