"""A run that is interrupted or repeated ends in what one undisturbed run gives; and a folder
never takes rows of another list."""

import signal
import subprocess
import time
import unittest

from support import LOOPBACK, Case, wait_until

SHARDED = ("--number_sample_per_shard", "50")


class Again(Case):
    def test_finished_rows_are_not_requested_again(self):
        self.write_list(self.origin.images(30))
        self.download("urls.txt")
        self.origin.ledger(clear=True)
        done = self.download("urls.txt")
        self.assertEqual(self.origin.ledger()["requests"], [])
        self.assertIn("30 of them were done before", done.stderr)


class Signals(Case):
    def start_stalling(self, silence="20s"):
        """20 pictures and then servers that never answer: a run that ends only when told."""
        self.urls = self.origin.images(20) + [
            self.origin.url("/stall/accept", f"s{i}.hosts.test") for i in range(5)]
        self.write_list(self.urls)
        running = self.start("urls.txt", *LOOPBACK, *self.origin.dns, "--retries", "0",
                             "--deadline", "25s", "--first_byte_timeout", silence)
        images = self.folder / "images/00000"
        wait_until(lambda: images.exists() and len(list(images.glob("*-*.jpg"))) == 20,
                   "the first images")
        return running

    def finish_without_stalls(self):
        """The same list, where the silent servers give up quickly."""
        self.download("urls.txt", *self.origin.dns, "--retries", "0", "--first_byte_timeout", "1s",
                      expect=1)
        rows = self.verify(self.urls)
        self.assertEqual([row["status"] for row in rows], ["success"] * 20 + ["too_slow"] * 5)

    def check_ends_resumable(self, number, silence):
        running = self.start_stalling(silence)
        running.send(number)
        at = time.monotonic()
        done = running.finish(timeout=10)
        self.assertEqual(done.code, 7, str(done))
        self.assertLess(time.monotonic() - at, 6)
        self.assertIn("the same command continues", done.stderr)
        self.origin.ledger(clear=True)
        self.finish_without_stalls()
        return {request["path"] for request in self.origin.ledger()["requests"]}

    def test_the_first_interrupt_ends_within_six_seconds_and_resumable(self):
        self.assertEqual(self.check_ends_resumable(signal.SIGINT, "20s"), {"/stall/accept"})

    def test_sigterm_does_the_same_and_rows_that_end_meanwhile_count(self):
        self.assertEqual(self.check_ends_resumable(signal.SIGTERM, "1s"), set())

    def check_second_ends_at_once(self, number, code):
        running = self.start_stalling()
        running.send(number)
        wait_until(lambda: "once more to stop" in running.stderr_so_far(), "the notice")
        running.send(number)
        self.assertEqual(running.finish(timeout=2).code, code)
        self.finish_without_stalls()

    def test_the_second_interrupt_ends_at_once(self):
        self.check_second_ends_at_once(signal.SIGINT, 130)

    def test_the_second_sigterm_ends_at_once(self):
        self.check_second_ends_at_once(signal.SIGTERM, 143)

    def test_a_second_run_in_the_folder_is_refused_at_once(self):
        running = self.start_stalling()
        second = self.command("urls.txt", *LOOPBACK)
        self.assertEqual(second.code, 8, str(second))
        self.assertLess(second.seconds, 2)
        self.assertIn(str(running.process.pid), second.stderr)
        running.send(signal.SIGKILL)
        running.finish()
        self.finish_without_stalls()


class AnotherList(Case):
    def setUp(self):
        super().setUp()
        self.urls = self.origin.images(120)
        self.write_list(self.urls)

    def refuse(self, urls, *words, options=SHARDED):
        """Another list is refused, and then the first one continues as if nothing had been."""
        self.write_list(urls, "other.txt")
        before = self.files()
        done = self.download("other.txt", *options, expect=4)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(self.files() - before, set())
        self.download("urls.txt", *SHARDED)
        self.verify(self.urls, shard_size=50)

    def test_a_list_that_grew_continues_also_into_a_done_shard(self):
        for count in (30, 60, 120, 120):
            self.write_list(self.urls[:count])
            self.origin.ledger(clear=True)
            before = len(self.rows()) if (self.folder / "images").exists() else 0
            self.download("urls.txt", *SHARDED)
            self.verify(self.urls[:count], shard_size=50)
            self.assertEqual(len(self.origin.ledger()["requests"]), count - before)

    def test_a_changed_row_is_named(self):
        self.download("urls.txt", *SHARDED)
        changed = self.urls[:70] + [self.origin.url("/img/9/9/9.jpg")] + self.urls[71:]
        self.refuse(changed, "line 71", changed[70], self.urls[70])

    def test_a_changed_row_in_the_last_shard_is_named_although_the_list_grew(self):
        self.download("urls.txt", *SHARDED)
        changed = self.urls[:110] + [self.origin.url("/img/9/9/9.jpg")] + self.urls[111:]
        self.refuse(changed + self.origin.images(60, first=500), "line 111", changed[110])

    def test_a_list_that_shrank_is_refused(self):
        self.download("urls.txt", *SHARDED)
        self.refuse(self.urls[:100], "101", self.urls[100])

    def test_a_shuffled_list_is_refused_with_its_first_difference(self):
        self.download("urls.txt", *SHARDED)
        self.refuse(self.urls[::-1], "line 1")

    def test_another_list_for_a_killed_run_is_refused(self):
        stalled = self.urls[:60] + [self.origin.url("/stall/accept")] + self.urls[60:]
        self.write_list(stalled)
        running = self.start("urls.txt", *SHARDED, *LOOPBACK)
        spool = self.folder / "images/.pixhaul/spool/00001"
        wait_until(lambda: spool.exists() and spool.stat().st_size > 49 * 400, "the open shard")
        running.send(signal.SIGKILL)
        running.finish()
        changed = stalled[:55] + [self.origin.url("/img/9/9/9.jpg")] + stalled[56:]
        self.write_list(changed, "other.txt")
        done = self.download("other.txt", *SHARDED, expect=4)
        self.assertIn("line 56", done.stderr)
        self.download("urls.txt", *SHARDED, "--first_byte_timeout", "1s", "--retries", "0",
                      expect=1)
        self.verify(stalled, shard_size=50)

    def test_rows_behind_a_changed_one_are_not_begun(self):
        self.download("urls.txt", *SHARDED)
        changed = self.urls[:110] + [self.origin.url("/img/9/9/9.jpg")] + self.urls[111:]
        changed += self.origin.images(10, first=900)
        self.origin.ledger(clear=True)
        running = self.start("-", *SHARDED, *LOOPBACK, stdin=subprocess.PIPE)
        with running.process.stdin as pipe:  # held open, so that new rows have all the time
            pipe.write("".join(url + "\n" for url in changed).encode())
            pipe.flush()
            self.assertEqual(running.finish().code, 4)
        self.assertEqual(self.origin.ledger()["requests"], [])
        self.download("urls.txt", *SHARDED)
        self.verify(self.urls, shard_size=50)

    def test_options_that_shape_the_output_must_stay(self):
        self.download("urls.txt", *SHARDED)
        for options in ((*SHARDED, "--file_names", "key"), ("--number_sample_per_shard", "60"),
                        (*SHARDED, "--compute_hash", "md5"), (*SHARDED, "--output_format", "dummy")):
            with self.subTest(options):
                done = self.download("urls.txt", *options, expect=4)
                self.assertIn(options[-2].lstrip("-"), done.stderr)
        self.download("urls.txt", *SHARDED, "--connection", "fresh")  # shapes nothing
        self.verify(self.urls, shard_size=50)

    def test_another_list_is_refused_with_retry_failed_too(self):
        self.urls[3] = self.urls[40] = self.origin.url("/status/404")
        self.write_list(self.urls)
        self.download("urls.txt", *SHARDED, expect=1)
        for line in (4, 41, 46):  # one tried again, another such, one that was a success
            changed = list(self.urls)
            changed[line - 1] = self.origin.url("/img/9/9/9.jpg")
            self.write_list(changed, "other.txt")
            done = self.download("other.txt", *SHARDED, "--retry_failed", "all", expect=4)
            self.assertIn(f"line {line}", done.stderr)
            self.download("urls.txt", *SHARDED, expect=1)
            self.verify(self.urls, shard_size=50)


class Retry(Case):
    def setUp(self):
        super().setUp()
        key = self.id()
        self.urls = [*self.origin.images(3), self.origin.url(f"/flaky?fail=1&key={key}"),
                     self.origin.url("/status/404"), self.origin.url("/html")]
        self.write_list(self.urls)
        self.download("urls.txt", "--retries", "0", expect=1)
        self.verify(self.urls)
        self.assertEqual(self.statuses()[3:], ["http_5xx", "http_4xx", "not_image"])
        self.origin.ledger(clear=True)

    def retried(self, choice, expect=1):
        self.download("urls.txt", "--retry_failed", choice, "--retries", "0", expect=expect)
        self.verify(self.urls)
        paths = [request["path"] for request in self.origin.ledger()["requests"]]
        return sorted(paths)

    def test_transient_are_those_that_may_pass(self):
        self.assertEqual(self.retried("transient"), ["/flaky"])
        self.assertEqual(self.statuses()[3], "success")

    def test_all_are_all_that_failed(self):
        self.assertEqual(self.retried("all"), ["/flaky", "/html", "/status/404"])

    def test_statuses_choose_their_rows(self):
        self.assertEqual(self.retried("http_4xx,not_image"), ["/html", "/status/404"])

    def test_without_it_nothing_is_tried_again(self):
        self.download("urls.txt", expect=1)
        self.assertEqual(self.origin.ledger()["requests"], [])

    def test_a_word_that_is_no_status_is_a_usage_error(self):
        self.assertIn("transient", self.download("urls.txt", "--retry_failed", "http_404",
                                                 expect=2).stderr)

    def test_failed_txt_can_be_fed_back(self):
        self.download("images/failed.txt", "-o", "again", expect=1)
        self.assertEqual([row["status"] for row in self.verify(self.urls[3:], "again")],
                         ["success", "http_4xx", "not_image"])

    def test_failed_txt_goes_when_nothing_failed(self):
        flaky = [self.origin.url(f"/flaky?fail=1&key=b{self.id()}")]
        self.write_list(flaky, "flaky.txt")
        self.download("flaky.txt", "-o", "flaky", "--retries", "0", expect=1)
        self.assertIn("failed.txt", self.files("flaky"))
        self.download("flaky.txt", "-o", "flaky", "--retry_failed", "transient")
        self.assertNotIn("failed.txt", self.files("flaky"))


if __name__ == "__main__":
    unittest.main()
