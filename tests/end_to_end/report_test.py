"""`pixhaul report`: the same facts from every output format, a page that needs and runs nothing."""

import base64
import html.parser
import json
import re
import unittest

import support

NASTY = '/status/404?<script>alert(1)</script>&"onload=\'x'


class Page(html.parser.HTMLParser):
    """What a page has: its elements' names with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


class Report(support.Case):
    def run_of(self, output, *arguments, count=24):
        urls = self.origin.images(count)
        urls[3] = urls[0]
        urls[4] = urls[0]
        urls[5] = self.origin.url("/img/300/100/1.png")
        urls[6] = self.origin.url("/img/100/300/2.webp")
        urls[9] = self.origin.url(NASTY.replace(" ", "%20"))
        urls[12] = self.origin.url("/html")
        urls[15] = f"http://127.0.0.1:{self.origin.refusing_port}/x.jpg"
        (self.folder / "list.txt").write_text("".join(f"{url}\n" for url in urls))
        self.download("list.txt", "-o", output, "--number_sample_per_shard", "7", "--retries", "0",
                      "--fail_ratio", "1", *arguments)
        return urls

    def json(self, output):
        done = self.command("report", output, "--format", "json")
        self.assertEqual(done.code, 0, str(done))
        return json.loads(done.stdout)

    def test_each_format_tells_the_same(self):
        told = {}
        for style in ("files", "webdataset", "tfrecord", "parquet", "dummy"):
            with self.subTest(style):
                self.run_of(style, "--output_format", style)
                found = told[style] = self.json(style)
                self.assertEqual(found["by_status"], {"success": 21, "http_4xx": 1, "not_image": 1,
                                                      "connect_refused": 1})
                self.assertEqual((found["complete"], found["rows"], found["images"], found["failed"]),
                                 (True, 24, 21, 3))
                self.assertEqual({of["media_type"]: of["images"] for of in found["formats"]},
                                 {"image/jpeg": 19, "image/png": 1, "image/webp": 1})
                self.assertEqual(found["copies"]["images_with_digest"], 21)
                self.assertEqual(found["copies"]["copies"], 2)
                self.assertEqual(found["copies"]["most_frequent"][0]["count"], 3)
                self.assertEqual([of["images"] for of in found["aspect_ratios"]],
                                 [1, 0, 0, 0, 19, 0, 0, 0, 1])
                self.assertEqual(sum(of["images"] for of in found["longer_sides_served"]), 21)
                self.assertEqual(found["hosts"][0]["rows"], 24)
                self.assertEqual(sum(s["images"] for s in found["course"]["stretches"]), 21)
                self.assertEqual(found["latency"]["total"]["count"] > 20, True)
                page = self.page(style)
                pictures = [of for tag, of in page.elements if tag == "img"]
                self.assertEqual(len(pictures), 0 if style == "dummy" else 21)
                for of in pictures:
                    kind, _, data = of["src"].partition("base64,")
                    self.assertEqual(kind, "data:image/webp;")
                    self.assertEqual(base64.b64decode(data, validate=True)[8:12], b"WEBP")
        same = ("formats", "body_sizes", "aspect_ratios", "width", "height", "bytes", "image_bytes")
        for style, found in told.items():
            for name in same:
                self.assertEqual(found[name], told["files"][name], f"{style} {name}")

    def page(self, output):
        done = self.command("report", output)
        self.assertEqual((done.code, done.stdout), (0, f"{output}/report.html\n"), str(done))
        return Page((self.folder / output / "report.html").read_text())

    def test_the_page_needs_nothing_and_runs_nothing(self):
        self.run_of("images")
        page = self.page("images")
        tags = {tag for tag, _ in page.elements}
        self.assertTrue({"h1", "table", "svg", "img"} <= tags)
        self.assertEqual(tags & {"script", "link", "iframe", "object", "form", "a", "base"}, set())
        for tag, attributes in page.elements:
            self.assertEqual([name for name in attributes if name.startswith("on")], [], tag)
            for name in ("src", "href", "srcset", "data", "action"):
                if name in attributes:
                    self.assertTrue(attributes[name].startswith("data:image/webp;base64,"), tag)
        policy = next(of["content"] for tag, of in page.elements
                      if of.get("http-equiv") == "Content-Security-Policy")
        self.assertTrue(policy.startswith("default-src 'none'"))
        self.assertIn("<script>alert(1)</script>", page.text, "text stays text")
        self.assertIn("http_4xx, HTTP 404", page.text)

    def test_markdown_has_the_same_tables_and_no_markup_of_strangers(self):
        self.run_of("images")
        done = self.command("report", "images", "--format", "md")
        self.assertEqual(done.code, 0)
        self.assertNotIn("<script>", done.stdout.replace("\\<", ""))
        self.assertIn("## What failed and why", done.stdout)
        self.assertIn("| image/jpeg |", done.stdout)
        for table in re.split(r"\n\n", done.stdout):
            if table.startswith("|"):
                cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
                self.assertEqual(len(cells), 1, table)

    def test_it_goes_where_it_is_told(self):
        self.run_of("images")
        done = self.command("report", "images", "-o", "page.html")
        self.assertEqual((done.code, done.stdout), (0, "page.html\n"))
        self.assertTrue((self.folder / "page.html").read_text().startswith("<!doctype html>"))
        self.assertTrue(self.command("report", "images", "-o", "-").stdout.startswith("<!doctype"))
        done = self.command("report", "images", "-o", "no/such/page.html")
        self.assertEqual(done.code, 4)

    def test_a_report_leaves_the_folder_whole(self):
        urls = self.run_of("images")
        self.page("images")
        self.assertEqual(self.command("verify", "images").code, 0)
        (self.folder / "list.txt").write_text("".join(f"{url}\n" for url in urls))
        self.download("list.txt", "-o", "images", "--number_sample_per_shard", "7",
                      "--retry_failed", "all", "--fail_ratio", "1", "--retries", "0")
        self.assertTrue((self.folder / "images/report.html").exists())

    def test_a_run_that_was_stopped_and_its_open_shard(self):
        urls = self.origin.images(20)
        (self.folder / "list.txt").write_text("".join(f"{url}\n" for url in urls))
        for style in ("files", "webdataset"):
            self.download("list.txt", "-o", style, "--number_sample_per_shard", "8", "--output_format",
                          style, "--max_rows", "12", expect=6)
            found = self.json(style)
            self.assertEqual((found["complete"], found["rows"], found["images"]), (False, 12, 12))
            self.assertEqual((found["shards_done"], found["shards_open"]), (1, 1))
            self.assertEqual(len([1 for tag, _ in self.page(style).elements if tag == "img"]), 12)

    def test_layout_of_img2dataset(self):
        self.run_of("laid", "--layout", "img2dataset", "--output_format", "webdataset")
        self.assertEqual(self.json("laid")["images"], 21)

    def test_what_is_no_folder_of_ours_is_one_sentence(self):
        (self.folder / "other").mkdir()
        for folder in ("other", "nowhere"):
            done = self.command("report", folder)
            self.assertEqual((done.code, done.stderr.count("\n")), (3, 1), str(done))
        self.assertEqual(self.command("report").code, 2)
        self.assertEqual(self.command("report", "x", "--format", "pdf").code, 2)
        self.assertEqual(self.command("status", "x", "--format", "json").code, 2)


if __name__ == "__main__":
    unittest.main()
