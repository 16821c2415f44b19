"""A few thousand rows over a few hundred hosts, within little memory and few open files."""

import os
import resource
import unittest

from support import Case

MEMORY = 64 << 20
IS_SANITIZED = bool(os.environ.get("E2E_SANITIZE"))  # shadow memory counts as ours


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


class Scale(Case):
    def setUp(self):
        super().setUp()
        self.urls = [self.origin.url("/status/404" if i % 20 == 7 else
                                     f"/img/32/32/{i % 300}.jpg?row={i}", f"h{i % 200}.hosts.test")
                     for i in range(3000)]
        self.write_list(self.urls)
        self.command_line = ("urls.txt", *self.origin.dns, "--number_sample_per_shard", "1000",
                             "--fail_ratio", "0.05")

    def check_all_rows(self):
        rows = self.verify(self.urls, shard_size=1000)
        self.assertEqual([row["status"] for row in rows],
                         ["http_4xx" if i % 20 == 7 else "success" for i in range(3000)])

    def check_memory(self, done):
        if not IS_SANITIZED:
            self.assertLess(done.peak_bytes, MEMORY)

    def test_three_thousand_rows_within_the_memory_asked_for(self):
        done = self.download(*self.command_line, "--memory", "64MiB")
        self.check_all_rows()
        self.check_memory(done)
        self.assertIn("2850 of 3000 images", done.stderr)

    def test_bodies_that_do_not_fit_at_once_wait_for_memory(self):
        self.urls = [self.origin.url(f"/img/64/64/1.jpg?bytes=2000000&row={i}",
                                     f"h{i % 50}.hosts.test") for i in range(60)]
        self.write_list(self.urls)
        for body in ("buffer", "stream"):
            with self.subTest(body):
                done = self.download("urls.txt", *self.origin.dns, "-o", body, "--body", body,
                                     "--memory", "64MiB")
                statuses = {row["status"] for row in self.verify(self.urls, body)}
                self.assertEqual(statuses, {"success"})
                self.check_memory(done)

    def test_few_descriptors_cause_no_failures(self):
        self.download(*self.command_line, preexec=few_files)
        self.check_all_rows()


if __name__ == "__main__":
    unittest.main()
