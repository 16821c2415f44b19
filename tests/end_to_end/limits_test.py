"""What ends a run before its list does, and the exit code that says so."""

import subprocess
import unittest

from support import Case


class Limits(Case):
    origin_arguments = ("--delay_ms", "5")

    def setUp(self):
        super().setUp()
        self.urls = self.origin.images(40)
        self.write_list(self.urls)

    def continue_without_limit(self, expect=0):
        self.origin.ledger(clear=True)
        self.download("urls.txt", expect=expect)
        self.verify(self.urls)
        return self.origin.ledger()["requests"]

    def test_max_rows_stops_and_extrapolates_to_the_whole_list(self):
        done = self.download("urls.txt", "--max_rows", "5", expect=6)
        self.assertIn("5 of 5 images", done.stderr)
        self.assertRegex(done.stderr, r"The whole list has about (39|40|41) rows")
        self.assertEqual(len(self.continue_without_limit()), 35)

    def test_max_rows_extrapolates_over_several_lists(self):
        self.write_list(self.urls[:20], "a.txt")
        self.write_list(self.urls[20:], "b.txt")
        done = self.download("a.txt", "b.txt", "--max_rows", "25", expect=6)
        self.assertRegex(done.stderr, r"The whole list has about (39|40|41) rows")

    def test_max_rows_of_the_whole_list_is_no_limit(self):
        self.download("urls.txt", "--max_rows", "41")
        self.verify(self.urls)

    def test_max_errors_stops(self):
        self.urls = [self.origin.url("/status/404", f"h{i}.hosts.test") for i in range(400)]
        self.write_list(self.urls)
        done = self.download("urls.txt", *self.origin.dns, "--max_errors", "10", "-j", "2",
                             expect=6)
        self.assertIn("Stopped at --max_errors", done.stderr)
        self.assertLess(len(self.origin.ledger()["requests"]), 400)
        self.download("urls.txt", *self.origin.dns, expect=1)
        self.verify(self.urls)

    def test_max_bytes_stops(self):
        self.urls = [self.origin.url(f"/img/64/64/{i}.jpg?bytes=100000") for i in range(200)]
        self.write_list(self.urls)
        done = self.download("urls.txt", "--max_bytes", "1MB", "-j", "2", expect=6)
        self.assertIn("Stopped at --max_bytes", done.stderr)
        self.continue_without_limit()

    def test_max_duration_stops(self):
        self.urls = self.origin.images(20) + [self.origin.url("/slow/head?ms=3000")]
        self.write_list(self.urls)
        done = self.download("urls.txt", "--max_duration", "500ms", expect=6)
        self.assertIn("Stopped at --max_duration", done.stderr)
        self.assertLess(done.seconds, 7)
        self.continue_without_limit()

    def test_fail_ratio_is_the_share_that_may_fail(self):
        self.urls[0] = self.urls[1] = self.origin.url("/status/404")
        self.write_list(self.urls)
        self.download("urls.txt", expect=1)
        self.download("urls.txt", "--fail_ratio", "0.04", expect=1)
        self.download("urls.txt", "--fail_ratio", "0.05")

    def test_refused_by_policy_is_no_failure(self):
        self.urls[0] = self.origin.url("/robots_tag?value=noai")
        self.write_list(self.urls)
        self.download("urls.txt")
        self.verify(self.urls)
        self.assertNotIn("failed.txt", self.files())


class Ends(Case):
    def setUp(self):
        super().setUp()
        self.urls = self.origin.images(40)
        self.write_list(self.urls)

    def test_an_unreadable_list_is_3(self):
        (self.folder / "empty").mkdir()
        for name in ("missing.txt", "empty"):
            with self.subTest(name):
                self.assertIn(name, self.download(name, expect=3).stderr)
        self.assertFalse((self.folder / "images").exists())

    def test_a_damaged_table_is_3_and_named(self):
        (self.folder / "list.parquet").write_bytes(b"PAR1")
        self.assertIn("list.parquet", self.download("list.parquet", expect=3).stderr)

    def test_usage_is_2_with_the_nearest_option(self):
        done = self.command("urls.txt", "--host_concurency", "3")
        self.assertEqual(done.code, 2)
        self.assertIn("host_concurrency", done.stderr)
        for arguments in ((), ("urls.txt", "--retries", "many"), ("urls.txt", "--body", "file"),
                          ("--retries", "1"), ("urls.txt", "--deadline")):
            with self.subTest(arguments):
                done = self.command(*arguments)
                self.assertEqual(done.code, 2, str(done))
                self.assertTrue(done.stderr)

    def test_an_option_without_effect_is_2(self):
        done = self.command("urls.txt", "--output_format", "dummy", "--file_names", "key")
        self.assertEqual(done.code, 2)
        self.assertIn("--file_names has no effect with --output_format dummy", done.stderr)

    def test_an_output_that_cannot_be_made_is_4(self):
        (self.folder / "file").write_text("")
        self.assertIn("file", self.download("urls.txt", "-o", "file", expect=4).stderr)
        self.download("urls.txt", "-o", "file/below", expect=4)

    def test_a_refused_port_everywhere_is_5_and_resumable(self):
        urls = [f"http://h{i}.hosts.test:{self.origin.refusing_port}/{i}.jpg" for i in range(5)]
        self.write_list(urls)
        done = self.download("urls.txt", *self.origin.dns, "--retries", "0", expect=5)
        self.assertIn("Nothing could be reached at all", done.stderr)
        self.assertEqual([row["status"] for row in self.verify(urls)], ["connect_refused"] * 5)

    def test_a_dead_name_server_is_5_and_the_rows_are_done_later(self):
        urls = [self.origin.url(f"/img/9/9/{i}.jpg", f"h{i}.hosts.test") for i in range(5)]
        self.write_list(urls)
        self.download("urls.txt", "--dns_servers", f"127.0.0.1:{self.origin.refusing_port}",
                      "--retries", "0", expect=5)
        self.assertTrue(all(s.startswith("dns_") for s in self.statuses()), self.statuses())
        self.download("urls.txt", *self.origin.dns, "--retry_failed", "transient")
        self.verify(urls)

    def test_no_answer_when_connecting_is_5(self):
        urls = [f"http://127.0.0.1:{self.origin.silent_port}/a.jpg"]
        self.write_list(urls)
        self.download("urls.txt", "--connect_timeout", "500ms", "--retries", "0", expect=5)
        self.assertEqual(self.statuses(), ["connect_timeout"])

    def test_one_success_among_dead_hosts_is_1(self):
        self.download(self.urls[0], f"http://127.0.0.1:{self.origin.refusing_port}/a.jpg",
                      "--retries", "0", expect=1)


class FullDisk(Case):
    """On a small tmpfs of its own, which only root may mount."""

    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.mount("size=600k")
        self.urls = [self.origin.url(f"/img/64/64/{i}.jpg?bytes=30000") for i in range(40)]
        self.write_list(self.urls)

    def mount(self, option):
        command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(self.disk)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            self.skipTest("no mount program")
        if done.returncode != 0:
            self.skipTest("may not mount: " + done.stderr.decode().strip())
        self.addCleanup(subprocess.run, ["umount", str(self.disk)], check=True)

    def test_a_full_disk_is_4_and_the_same_command_continues_with_room(self):
        for body in ("buffer", "stream"):
            with self.subTest(body):
                command = ("urls.txt", "-o", f"disk/{body}", "--body", body)
                done = self.download(*command, expect=4)
                self.assertIn("No space left", done.stderr)
                kept = len(list((self.disk / body).glob("*/*.jpg")))
                self.assertGreater(kept, 5)
                subprocess.run(["mount", "-o", "remount,size=4m", str(self.disk)], check=True)
                self.download(*command)
                self.verify(self.urls, f"disk/{body}")
                subprocess.run(["rm", "-r", str(self.disk / body)], check=True)
                subprocess.run(["mount", "-o", "remount,size=600k", str(self.disk)], check=True)


if __name__ == "__main__":
    unittest.main()
