#!/usr/bin/env python3
"""A run that is killed anywhere and continued ends in what one undisturbed run gives, and at every
moment each shard that shows a stats file is whole.

PIXHAUL_KILLS says how many random kills there are (50; `make reliability` has 1,000)."""

import json
import os
import random
import signal
import time
import unittest

from support import LOOPBACK, Case

SHARDED = ("--number_sample_per_shard", "50")
CRASH_POINTS = range(1, 11)  # src/ledger/commit.cc
KILLS = int(os.environ.get("PIXHAUL_KILLS", "50"))


class Killed(Case):
    origin_arguments = ("--delay_ms", "3")

    def make_list(self, count):
        self.urls = [self.origin.url(f"/img/16/16/{i}.jpg" if i % 17 else "/status/404",
                                     f"h{i % 40}.hosts.test") for i in range(count)]
        self.write_list(self.urls)
        self.options = ("urls.txt", *SHARDED, *self.origin.dns)
        self.whole = self.download(*self.options, "-o", "whole", expect=1)
        self.wanted = self.outcome("whole")

    def crash(self, output, point, *options):
        """A run that ends itself at a crash point of a commit."""
        done = self.command(*(options or self.options), *LOOPBACK, "-o", output,
                            env={"PIXHAUL_CRASH_POINT": point})
        self.assertEqual(done.code, -signal.SIGKILL, f"{point}: {done}")

    def check_visible(self, output):
        """What a reader of the folder finds: whoever sees a stats file finds its shard whole."""
        top = self.folder / output
        for path in top.glob("[0-9]*_stats.json") if top.exists() else ():
            stats = json.loads(path.read_text())
            for file in stats["pixhaul"]["files"]:
                self.assertEqual((top / file["name"]).stat().st_size, file["bytes"], file)
            rows = [json.loads(line) for line in
                    (top / path.name.replace("_stats.json", ".jsonl")).read_text().splitlines()]
            self.assertEqual(len(rows), stats["count"])
            for row in rows:
                if row["path"] is not None:
                    self._verify_file(row, top / row["path"])

    def finish(self, output, expect=1):
        self.check_visible(output)
        self.download(*self.options, "-o", output, expect=expect)
        self.verify(self.urls, output, shard_size=50)
        self.assertEqual(self.outcome(output), self.wanted)


class CrashPoints(Killed):
    def test_at_every_crash_point_of_the_first_and_a_later_commit(self):
        self.make_list(120)
        for point in CRASH_POINTS:
            for times in (1, 2):
                with self.subTest(point=point, times=times):
                    output = f"crashed{point}.{times}"
                    self.crash(output, f"{point}:{times}")
                    self.finish(output)

    def test_at_every_crash_point_of_a_rewrite(self):
        for point in CRASH_POINTS:
            with self.subTest(point=point):
                output = f"rewritten{point}"
                urls = [*self.origin.images(5), self.origin.url(f"/flaky?fail=1&key={output}")]
                name = self.write_list(urls, f"{output}.txt")
                self.download(name, "-o", output, "--retries", "0", expect=1)
                self.crash(output, str(point), name, "--retry_failed", "all")
                self.check_visible(output)
                self.download(name, "-o", output, "--retry_failed", "all")
                self.verify(urls, output)
                self.assertEqual(set(self.statuses(output)), {"success"})

    def test_twice_at_crash_points(self):
        self.make_list(120)
        for first in (2, 3, 5, 7):
            for second in (4, 6, 8, 9):
                with self.subTest(first=first, second=second):
                    output = f"twice{first}.{second}"
                    self.crash(output, str(first))
                    self.crash(output, str(second))
                    self.finish(output)


class AnyMoment(Killed):
    def test_at_any_moment(self):
        self.make_list(200)
        for seed in range(KILLS):
            with self.subTest(seed=seed):
                dice = random.Random(seed)
                output = f"killed{seed}"
                for _ in range(dice.randint(1, 2)):
                    running = self.start(*self.options, *LOOPBACK, "-o", output)
                    time.sleep(dice.uniform(0, self.whole.seconds))
                    running.send(signal.SIGKILL)
                    running.finish()
                    self.check_visible(output)
                self.finish(output)


if __name__ == "__main__":
    unittest.main()
