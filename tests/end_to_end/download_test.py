"""One run from list to images: what is written under which name, over which protocol, which status
every fault of a server earns, and which lists are understood."""

import codecs
import gzip
import hashlib
import unittest

from support import Case

PICTURES = ["/img/20/20/1.jpg", "/img/20/20/1.png", "/img/20/20/1.gif", "/img/20/20/1.webp",
            "/img/20/20/1.bmp"]

# What a server does, and the status that its row must end in. Over HTTP/1.1 and HTTP/2 alike.
ANSWERS = {
    "/status/204": "protocol_error",
    "/status/304": "protocol_error",
    "/status/400": "http_4xx",
    "/status/403": "http_4xx",
    "/status/404": "http_4xx",
    "/status/410": "http_4xx",
    "/status/451": "http_4xx",
    "/status/500": "http_5xx",
    "/status/503": "http_5xx",
    "/status/999": "http_5xx",
    "/redirect/301": "success",
    "/redirect/302": "success",
    "/redirect/303": "success",
    "/redirect/307": "success",
    "/redirect/308": "success",
    "/redirect/loop": "redirect_loop",
    "/redirect/ring/a": "redirect_loop",
    "/redirect/chain/9": "success",
    "/redirect/chain/12": "redirect_limit",
    "/redirect/none": "redirect_bad",
    "/redirect/302?to=ftp://h/x": "scheme_denied",
    "/redirect/302?to=http://192.168.1.1/x.jpg": "address_denied",
    "/slow/head?ms=100": "success",
    "/slow/head?ms=3000": "too_slow",
    "/trickle?bytes_per_second=100": "deadline",
    "/stall/accept": "too_slow",
    "/stall/head": "too_slow",
    "/stall/body": "deadline",
    "/reset/connect": "connection_reset",
    "/reset/head": "connection_reset",
    "/reset/body": "truncated",
    "/close/at?n=0": "connection_reset",
    "/close/at?n=10": "connection_reset",
    "/close/at?n=300": "truncated",
    "/close/at?n=300&how=reset": "truncated",
    "/close/at?n=300&how=cut": "truncated",
    "/endless": "decode_error",
    "/gzip": "success",
    "/gzip/twice": "encoding_limit",
    "/gzip/truncated": "truncated",
    "/gzip/corrupt": "encoding_limit",
    "/deflate": "success",
    "/deflate/raw": "success",
    "/br": "success",
    "/encoding/unknown": "encoding_limit",
    "/gzip_bomb?bytes=4000000": "too_large",
    "/html": "not_image",
    "/html?type=image/jpeg": "not_image",
    "/empty": "not_image",
    "/truncated.jpg": "truncated",
    "/1xx": "success",
    "/robots_tag?value=noai": "opt_out",
    "/robots_tag?value=noindex": "opt_out",
    "/robots_tag?value=all": "success",
    "/tdm?value=1": "opt_out",
    "/tdm?value=0": "success",
    "/private/a": "success",
    "/etag?tag=abc": "success",
    "/echo": "not_image",
    "/no/such/path": "http_4xx",
}

HTTP1_FRAMING = {
    "/redirect/long": "header_limit",
    "/headers/flood": "header_limit",
    "/headers/long": "header_limit",
    "/headers/endless": "header_limit",
    "/headers/trickle?ms=50": "too_slow",
    "/surplus": "protocol_error",
    "/keepalive/close_after": "success",
    "/keepalive/close_after?announce=1": "success",
    "/keepalive/idle_close": "success",
    "/keepalive/close_at_byte": "success",
    "/length/short": "protocol_error",
    "/length/long": "truncated",
    "/length/duplicate": "protocol_error",
    "/length/duplicate_same": "success",
    "/length/negative": "protocol_error",
    "/length/plus": "protocol_error",
    "/length/list": "protocol_error",
    "/length/list_same": "protocol_error",
    "/length/overflow": "protocol_error",
    "/length/huge": "too_large",
    "/length/hexadecimal": "protocol_error",
    "/length/empty": "protocol_error",
    "/length/text": "protocol_error",
    "/length/missing": "success",
    "/length/with_chunked": "protocol_error",
    "/chunked/ok": "success",
    "/chunked/upper_case": "success",
    "/chunked/bare_lf": "protocol_error",
    "/chunked/missing_crlf": "protocol_error",
    "/chunked/overflow": "protocol_error",
    "/chunked/negative": "protocol_error",
    "/chunked/plus": "protocol_error",
    "/chunked/prefix": "protocol_error",
    "/chunked/text": "protocol_error",
    "/chunked/no_size": "protocol_error",
    "/chunked/truncated": "truncated",
    "/chunked/no_last": "truncated",
    "/chunked/no_end": "truncated",
    "/chunked/extensions": "success",
    "/chunked/extensions?bytes=100000": "header_limit",
    "/chunked/trailers": "success",
    "/chunked/trailers?bytes=100000": "header_limit",
    "/chunked/small": "success",
    "/head/bare_lf": "success",
    "/head/http09": "protocol_error",
    "/head/http10": "success",
    "/head/http3": "protocol_error",
    "/head/no_reason": "success",
    "/head/status_text": "protocol_error",
    "/head/status_four_digits": "protocol_error",
    "/head/garbage": "protocol_error",
    "/head/ssh": "protocol_error",
    "/head/no_colon": "protocol_error",
    "/head/space_before_colon": "protocol_error",
    "/head/folded": "protocol_error",
    "/head/empty_name": "protocol_error",
    "/head/upgrade": "protocol_error",
}

HTTP2_FRAMES = {
    "/h2/refused?fail=99&key=b": "connection_reset",
    "/h2/reset?code=2": "connection_reset",
    "/h2/reset?code=2&at=100": "truncated",
    "/h2/goaway?key=a": "success",
    "/h2/ping_flood": "protocol_error",
    "/h2/settings_flood": "protocol_error",
    "/h2/max_concurrent": "success",
    "/h2/continuation_flood": "protocol_error",
    "/h2/empty_frames": "protocol_error",
    "/h2/push": "protocol_error",
    "/h2/window_overflow": "protocol_error",
    "/h2/window_zero": "protocol_error",
    "/h2/wrong_stream": "protocol_error",
    "/h2/huge_frame": "protocol_error",
    "/h2/length/short": "protocol_error",
    "/h2/length/long": "truncated",
}

IMPATIENT = ("--retries", "0", "--first_byte_timeout", "1s", "--deadline", "2s",
             "--max_body_bytes", "1MiB")


class Faults(Case):
    def check(self, table, urls, *arguments):
        self.write_list(urls)
        self.download("urls.txt", *IMPATIENT, *self.origin.dns, *arguments, expect=1, timeout=20)
        rows = self.verify(urls)
        found = dict(zip(table, (row["status"] for row in rows)))
        self.assertEqual(found, dict(table))
        for row in rows:
            if row["status"] != "success" and row["attempts"] > 0:
                self.assertTrue(row["detail"], row)

    def test_each_fault_of_an_http1_server_earns_its_status(self):
        table = ANSWERS | HTTP1_FRAMING
        self.check(table, [self.origin.url(path, f"h{i}.hosts.test")
                           for i, path in enumerate(table)])

    def test_each_fault_of_an_http2_server_earns_its_status(self):
        table = ANSWERS | HTTP2_FRAMES
        self.check(table, [self.origin.tls_url(path, f"h{i}.hosts.test")
                           for i, path in enumerate(table)], "--ca_file", self.origin.ca)
        self.assertEqual({row["http_version"] for row in self.rows()} - {None}, {"2"})

    def test_faults_end_alike_when_bodies_are_streamed_to_disk(self):
        table = {path: status for path, status in ANSWERS.items() if path[1] in "cegrst"}
        self.check(table, [self.origin.url(path, f"s{i}.hosts.test")
                           for i, path in enumerate(table)], "--body", "stream")

    def test_what_passes_on_a_later_attempt_is_a_success(self):
        urls = [self.origin.url(f"/flaky?fail=2&key={how}&how={how}", f"{how}.hosts.test")
                for how in ("503", "close", "cut", "reset")]
        self.write_list(urls)
        self.download("urls.txt", *self.origin.dns)
        self.assertEqual([row["attempts"] for row in self.verify(urls)], [3] * 4)


class Settings(Case):
    def setUp(self):
        super().setUp()
        self.urls = [self.origin.url(path) for path in PICTURES] + self.origin.images(20)

    def run_and_verify(self, *arguments, urls=None, shard_size=10_000):
        self.origin.ledger(clear=True)
        urls = urls or self.urls
        self.write_list(urls)
        self.download("urls.txt", *arguments)
        rows = self.verify(urls, shard_size=shard_size)
        self.assertEqual({row["status"] for row in rows}, {"success"})
        return rows

    def test_bytes_are_kept_as_served(self):
        rows = self.run_and_verify()
        for path, row in zip(PICTURES, rows):
            served = self.origin.get(path)
            self.assertEqual(hashlib.sha256(served).hexdigest(), row["sha256"])
            self.assertEqual((row["width"], row["height"]), (20, 20))

    def test_names_hold_key_and_last_segment_with_the_sniffed_extension(self):
        urls = [self.origin.url("/img/20/20/1.jpg?type=image/png"), self.origin.url("/gzip"),
                self.origin.url("/img/20/20/7.png?x=%2e%2e%2f..")]
        paths = [row["path"] for row in self.run_and_verify(urls=urls)]
        self.assertEqual(paths, ["00000/000000000-1.jpg", "00000/000000001-gzip.jpg",
                                 "00000/000000002-7.png"])

    def test_file_names_key_is_the_key_alone(self):
        rows = self.run_and_verify("--file_names", "key")
        self.assertEqual(rows[1]["path"], "00000/000000001.png")

    def test_shards_are_folders_of_the_asked_size(self):
        rows = self.run_and_verify("--number_sample_per_shard", "7", shard_size=7)
        self.assertEqual(rows[7]["path"].split("/")[0], "00001")
        self.assertTrue((self.folder / "images/00003.jsonl").exists())

    def test_dummy_writes_rows_and_no_images(self):
        self.write_list(self.urls)
        self.download("urls.txt", "--output_format", "dummy")
        self.verify(self.urls, keeps_images=False)

    def test_streamed_bodies_are_the_same_files(self):
        buffered = self.run_and_verify("-o", "images")
        self.download("urls.txt", "-o", "streamed", "--body", "stream")
        streamed = self.verify(self.urls, "streamed")
        self.assertEqual([(r["path"], r["sha256"]) for r in buffered],
                         [(r["path"], r["sha256"]) for r in streamed])

    def test_reuse_keeps_connections_and_fresh_opens_one_an_image(self):
        self.run_and_verify()
        kept = {r["connection"] for r in self.origin.ledger()["requests"]}
        self.assertLessEqual(len(kept), 6)
        self.download("urls.txt", "-o", "fresh", "--connection", "fresh")
        requests = self.origin.ledger()["requests"][len(self.urls):]
        self.assertEqual(len({r["connection"] for r in requests}), len(self.urls))
        self.verify(self.urls, "fresh")

    def test_tls_speaks_http2_and_http1_when_told(self):
        urls = [self.origin.tls_url(path) for path in PICTURES]
        secure = ("--ca_file", self.origin.ca, *self.origin.dns)
        rows = self.run_and_verify(*secure, urls=urls)
        self.assertEqual({(r["http_version"], r["tls_version"]) for r in rows}, {("2", "TLSv1.3")})
        self.download("urls.txt", *secure, "--http_version", "1.1", "-o", "one")
        self.assertEqual({r["http_version"] for r in self.verify(urls, "one")}, {"1.1"})

    def test_hashes_are_those_asked_for(self):
        self.assertEqual(len(self.run_and_verify("--compute_hash", "md5")[0]["md5"]), 32)
        self.download("urls.txt", "-o", "none", "--compute_hash", "none")
        self.assertNotIn("sha256", self.rows("none")[0].keys() - {None})

    def test_validate_none_keeps_what_structure_refuses(self):
        urls = [self.origin.url("/truncated.jpg"), self.origin.url("/html")]
        self.write_list(urls)
        self.download("urls.txt", expect=1)
        self.assertEqual(self.statuses(), ["truncated", "not_image"])
        self.assertEqual(self.rows()[1]["detail"], "a web page, not an image")
        self.verify(urls)
        self.download("urls.txt", "-o", "any", "--validate", "none")
        rows = self.verify(urls, "any")
        self.assertEqual([r["path"] for r in rows],
                         ["00000/000000000-truncated.jpg", "00000/000000001-html.bin"])

    def test_the_largest_body_is_a_limit(self):
        urls = [self.origin.url("/img/64/64/1.jpg?bytes=5000"), self.origin.url("/img/8/8/1.jpg")]
        self.write_list(urls)
        self.download("urls.txt", "--max_body_bytes", "4kB", expect=1)
        self.assertEqual([r["status"] for r in self.verify(urls)], ["too_large", "success"])


class Lists(Case):
    def setUp(self):
        super().setUp()
        self.urls = self.origin.images(4)
        self.text = "".join(url + "\n" for url in self.urls)

    def read(self, name, data, expect=0):
        (self.folder / name).write_bytes(data)
        return self.download(name, expect=expect)

    def test_comments_blank_lines_and_crlf_are_no_rows(self):
        self.read("l.txt", ("# pictures\r\n\r\n" + self.text.replace("\n", "\r\n")).encode())
        self.assertEqual([row["line"] for row in self.verify(self.urls)], [3, 4, 5, 6])

    def test_the_last_line_needs_no_end(self):
        self.read("l.txt", self.text.rstrip().encode())
        self.verify(self.urls)

    def test_utf8_with_a_mark(self):
        self.read("l.txt", codecs.BOM_UTF8 + self.text.encode())
        self.verify(self.urls)

    def test_utf16_little_and_big(self):
        for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"),
                               (codecs.BOM_UTF16_BE, "utf-16-be")):
            with self.subTest(encoding):
                (self.folder / "l.txt").write_bytes(mark + self.text.encode(encoding))
                self.download("l.txt", "-o", encoding)
                self.verify(self.urls, encoding)

    def test_gzip(self):
        data = self.text.encode()
        self.read("l.txt.gz", gzip.compress(data[:50]) + gzip.compress(data[50:]))
        self.verify(self.urls)

    def test_zstd(self):
        # A frame with one raw block, RFC 8878 §3.1.1: no zstd program needed.
        data = self.text.encode()
        head = b"\x28\xb5\x2f\xfd" + b"\xa0" + len(data).to_bytes(4, "little")
        block = (1 | len(data) << 3).to_bytes(3, "little")
        self.read("l.txt.zst", head + block + data)
        self.verify(self.urls)

    def test_standard_input(self):
        self.download("-", stdin=self.text.encode())
        self.verify(self.urls)

    def test_urls_as_arguments(self):
        self.download(*self.urls)
        self.assertEqual([row["line"] for row in self.verify(self.urls)], [None] * 4)

    def test_several_lists_are_one(self):
        self.write_list(self.urls[:2], "a.txt")
        self.write_list(self.urls[2:], "b.txt")
        self.download("a.txt", "b.txt")
        rows = self.verify(self.urls)
        self.assertEqual([(r["input"], r["line"]) for r in rows],
                         [("a.txt", 1), ("a.txt", 2), ("b.txt", 1), ("b.txt", 2)])

    def test_a_damaged_archive_ends_the_run_as_unreadable(self):
        whole = gzip.compress(self.text.encode() * 50)
        done = self.read("l.gz", whole[:len(whole) // 2], expect=3)
        self.assertIn("l.gz", done.stderr)

    def test_odd_lines_are_rows_with_their_number_and_a_remedy(self):
        lines = [self.urls[0].encode(), b"www.x.org/a.jpg", b"http://x\0y/", b"http://" +
                 b"a" * (2 << 20), b"heading", b"ftp://h/x.jpg", b"http://h:25/x.jpg",
                 b"  " + self.urls[1].encode() + b"  ", f"http://127.0.0.1:{self.origin.refusing_port}/\u00e9 \u00fc.jpg".encode()]
        done = self.read("l.txt", b"\n".join(lines) + b"\n", expect=1)
        rows = self.rows()
        self.assertEqual([row["status"] for row in rows],
                         ["success", "bad_url", "bad_row", "bad_row", "bad_url", "scheme_denied",
                          "port_denied", "success", "connect_refused"])
        self.assertEqual([row["line"] for row in rows], list(range(1, 10)))
        self.assertIn("'www.x.org/a.jpg' lacks http:// or https://", rows[1]["detail"])
        self.assertIn("NUL", rows[2]["detail"])
        self.assertIn("longer than 1 MiB", rows[3]["detail"])
        self.assertLess(len(rows[3]["url"]), 1000)
        self.assertIn("line 2", done.stderr)

    def test_one_bad_line_is_named_with_its_number(self):
        done = self.read("l.txt", self.text.encode() + b"www.x.org/a.jpg\n", expect=1)
        self.assertIn("line 5: 'www.x.org/a.jpg' lacks http:// or https://", done.stderr)

    def test_an_empty_list_is_done_at_once(self):
        self.read("l.txt", b"# nothing yet\n")
        self.assertEqual(self.rows(), [])


if __name__ == "__main__":
    unittest.main()
