"""The dashboard by the real command: who is let in, what the gallery reads out of every output
format, and what a crowd of slow clients costs. The page itself is looked at by browser_test.py."""

import csv
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
import unittest
import urllib.parse

import support

NASTY = "<img src=x onerror=alert(1)>"


class Page:
    """`pixhaul dashboard OUT` and a client that holds its cookie."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen([support.PIXHAUL, "dashboard", str(folder), *arguments],
                                        stderr=subprocess.PIPE, text=True,
                                        env=support.clean_environment())
        self.address = re.search(r"dashboard: (\S+)", self.process.stderr.readline()).group(1)
        url = urllib.parse.urlsplit(self.address)
        self.port, self.query = url.port, f"/?{url.query}"
        self.cookie = None

    def ask(self, path, method="GET", headers=None, body=None):
        """(status, headers, body); Host is ours unless given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True)
        sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        if self.cookie:
            sent.setdefault("Cookie", self.cookie)
        if body is not None:
            sent["Content-Length"] = str(len(body))
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        result = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return result

    def open(self):
        status, headers, _ = self.ask(self.query)
        assert status == 200, status
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def rows(self, **query):
        status, _, body = self.ask("/api/rows?" + urllib.parse.urlencode(query))
        assert status == 200, body
        return json.loads(body)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=20) == 0, "a signal ends it, and that is no failure"
        self.process.stderr.close()


class Dashboards(support.Case):
    def page(self, folder="images", *arguments):
        page = Page(self.folder / folder, *arguments)
        self.addCleanup(page.close)
        return page

    def dataset(self, style, count=12):
        urls = self.origin.images(count)
        urls[3] = self.origin.url(f"/status/404?{NASTY}".replace(" ", "%20"))
        with open(self.folder / "list.csv", "w", newline="") as file:
            csv.writer(file).writerows([("url", "caption"), *((url, f"{i} {NASTY}")
                                                              for i, url in enumerate(urls))])
        self.download("list.csv", "--caption_col", "caption", "--output_format", style, "--number_sample_per_shard", "5",
                      "--fail_ratio", "1")

    def test_the_gallery_reads_every_format(self):
        for style in ("files", "webdataset", "tfrecord", "parquet"):
            with self.subTest(style):
                self.dataset(style)
                page = Page(self.folder / "images")
                try:
                    page.open()
                    found = page.rows()
                    self.assertEqual([row["key"] for row in found["rows"]],
                                     sorted((row["key"] for row in found["rows"]), reverse=True))
                    self.assertEqual(len(found["rows"]), 12)
                    self.assertIsNone(found["next"])
                    for row in found["rows"]:
                        # Rows of single files have no table beside them.
                        self.assertEqual(row["caption"], "" if style == "files"
                                         else f"{int(row['key'][:-1]) * 5 + int(row['key'][-1])} {NASTY}")
                        status, headers, body = page.ask(f"/api/image?place={row['place']}&side=64")
                        if row["status"] == "success":
                            self.assertEqual((status, headers["Content-Type"], body[8:12]),
                                             (200, "image/webp", b"WEBP"))
                        else:
                            self.assertEqual(status, 404)
                            self.assertFalse(row["has_image"])
                    failures = page.rows(status="failures")["rows"]
                    self.assertEqual([row["http_status"] for row in failures], [404])
                    self.assertEqual(page.rows(host="elsewhere.example")["rows"], [])
                finally:
                    page.close()
                support.shutil.rmtree(self.folder / "images")

    def test_only_its_reader_sees_the_page(self):
        self.dataset("files")
        page = self.page()
        own = f"127.0.0.1:{page.port}"
        attacks = [(method, {"Host": host, **origin, **kind})
                   for method in ("GET", "POST", "DELETE")
                   for host in (own, f"evil.example:{page.port}", "evil.example")
                   for origin in ({}, {"Origin": "http://evil.example"}, {"Origin": "null"},
                                  {"Sec-Fetch-Site": "cross-site"})
                   for kind in ({}, {"Content-Type": "text/plain"},
                                {"Content-Type": "application/json"})
                   if (method, host, origin) != ("GET", own, {})]
        self.assertGreaterEqual(len(attacks), 60)
        for method, headers in attacks:
            body = b"{}" if method == "POST" else None
            status, answered, text = page.ask(page.query, method, headers, body)
            self.assertIn(status, (400, 403, 405), (method, headers))
            self.assertNotIn("Set-Cookie", answered)
            self.assertNotIn(b"<html", text)
        status, headers, _ = page.ask("/api/rows")
        self.assertEqual(status, 403)
        status, headers, body = page.ask(page.query)
        self.assertEqual(status, 200, "no refused request has spent the token")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(page.ask(page.query)[0], 403, "it opens the page once")

    def test_a_run_prints_the_address_and_shows_itself(self):
        (self.folder / "list.txt").write_text(self.origin.url("/slow/head?ms=3000") + "\n")
        process = subprocess.Popen(
            [support.PIXHAUL, "list.txt", "--dashboard", "0", "--progress", "none",
             *support.LOOPBACK], cwd=self.folder, stderr=subprocess.PIPE, text=True,
            env=support.clean_environment())
        address = process.stderr.readline()
        self.assertRegex(address, r"^dashboard: http://127\.0\.0\.1:\d+/\?token=[0-9a-f]{32}$")
        process.kill()
        process.communicate()

    def test_prometheus_reads_figures_with_the_token(self):
        self.dataset("files")
        page = self.page()
        token = page.query.partition("token=")[2]
        self.assertEqual(page.ask("/metrics")[0], 403)
        for _ in range(2):
            status, headers, text = page.ask("/metrics", headers={"Authorization": f"Bearer {token}"})
            self.assertEqual((status, headers["Content-Type"].split(";")[0]), (200, "text/plain"))
            self.assertIn(b'pixhaul_rows_total{status="success"} 11\n', text)
        self.assertEqual(page.ask("/api/rows", headers={"Authorization": f"Bearer {token}"})[0], 403)
        page.open()

    def test_clients_that_dawdle_do_not_hold_the_end_up(self):
        self.dataset("files")
        page = Page(self.folder / "images")
        page.open()
        listening = socket.create_connection(("127.0.0.1", page.port))
        listening.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n"
                          f"Cookie: {page.cookie}\r\n\r\n".encode())
        self.assertIn(b"200 OK", listening.recv(4096))
        half = [socket.create_connection(("127.0.0.1", page.port)) for _ in range(20)]
        for client in half:
            client.sendall(b"GET / HTTP/1.1\r\nHost: ")
        began = time.monotonic()
        page.close()
        self.assertLess(time.monotonic() - began, 3, "they have ten seconds for a request")
        for client in [listening, *half]:
            client.close()

    def test_slow_clients_do_not_hold_what_ends_it(self):
        self.dataset("files")
        page = self.page()
        page.open()
        crowd = []
        for _ in range(200):  # most wait in the kernel's queue, and the rest before it
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", page.port))
            crowd.append(client)
            try:
                client.sendall(b"GET / HTTP/1.1\r\nHost: ")
            except OSError:
                pass
        threads = len(os.listdir(f"/proc/{page.process.pid}/task"))
        self.assertLess(threads, 45, "32 connections, and its own few threads")
        for client in crowd:
            client.close()
        deadline = time.monotonic() + 10
        while True:
            try:
                status = page.ask("/api/about")[0]
                break
            except OSError:
                self.assertLess(time.monotonic(), deadline)
        self.assertEqual(status, 200)


if __name__ == "__main__":
    unittest.main()
