#!/usr/bin/env python3
"""A run that is killed anywhere and continued ends in what one undisturbed run gives, and at every
moment each shard that shows a stats file is whole.

PIXHAUL_KILLS says how many random kills of runs into files there are, PIXHAUL_DATASET_KILLS of runs
into datasets (50 and 12; `make reliability` has 1,000 each)."""

import csv
import hashlib
import json
import os
import random
import signal
import subprocess
import time
import unittest

from support import LOOPBACK, ROOT, Case

SHARDED = ("--number_sample_per_shard", "50")
CRASH_POINTS = range(1, 11)  # src/ledger/commit.cc
KILLS = int(os.environ.get("PIXHAUL_KILLS", "50"))
DATASET_KILLS = int(os.environ.get("PIXHAUL_DATASET_KILLS", "12"))
ARROW_PYTHON = ROOT / "build/venv/arrow/bin/python"
TO_PARQUET = """
import sys
from pyarrow import csv, parquet
parquet.write_table(csv.read_csv(sys.argv[1]), sys.argv[2], row_group_size=70)
"""


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


class KilledDatasets(Killed):
    """Samples, captions and columns in shards, from tables; pictures are encoded anew in one of the
    two."""

    ROWS = 120

    def setUp(self):
        super().setUp()
        self.urls = [self.origin.url(f"/img/40/30/{i}.jpg" if i % 17 else "/status/404",
                                     f"h{i % 40}.hosts.test") for i in range(self.ROWS)]
        with open(self.folder / "list.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["url", "caption", "score"])
            writer.writerows([url, f"caption {i}, \"quoted\"", i / 8]
                             for i, url in enumerate(self.urls))
        lists = {"webdataset": "list.csv", "parquet": "list.csv"}
        if ARROW_PYTHON.exists():
            subprocess.run([ARROW_PYTHON, "-c", TO_PARQUET, self.folder / "list.csv",
                            self.folder / "list.parquet"], check=True)
            lists["parquet"] = "list.parquet"
        columns = ("--caption_col", "caption", "--save_additional_columns", "score", *SHARDED,
                   *self.origin.dns, "--fail_ratio", "1")
        self.commands = {
            "webdataset": (lists["webdataset"], "--output_format", "webdataset", *columns),
            "parquet": (lists["parquet"], "--output_format", "parquet", "--resize_mode", "border",
                        "--image_size", "32", *columns)}
        self.wanted, self.seconds = {}, {}
        for output_format, command in self.commands.items():
            done = self.download(*command, "-o", f"whole-{output_format}")
            self.wanted[output_format] = self.shards(f"whole-{output_format}")
            self.assertEqual(len(self.wanted[output_format]),
                             6 if output_format == "webdataset" else 3)
            self.seconds[output_format] = done.seconds

    def shards(self, output):
        """The digest of every file of samples or metadata."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in (self.folder / output).iterdir() if path.suffix in (".tar", ".parquet")}

    def check_visible(self, output):
        """Whoever sees a stats file finds the shard's files as an undisturbed run makes them."""
        top = self.folder / output
        output_format = output.split("-")[0]
        for path in top.glob("[0-9]*_stats.json") if top.exists() else ():
            for file in json.loads(path.read_text())["pixhaul"]["files"]:
                digest = hashlib.sha256((top / file["name"]).read_bytes()).hexdigest()
                self.assertEqual(digest, self.wanted[output_format][file["name"]], file)

    def finish(self, output, expect=0):
        self.check_visible(output)
        output_format = output.split("-")[0]
        self.download(*self.commands[output_format], "-o", output, expect=expect)
        self.assertEqual(self.shards(output), self.wanted[output_format])
        self._verify_state(self.folder / output / ".pixhaul")
        self.assertEqual(self.command("verify", output).code, 0)

    def test_at_every_crash_point_of_the_first_and_a_later_commit(self):
        for output_format, command in self.commands.items():
            for point in CRASH_POINTS:
                times = 1 + point % 2
                with self.subTest(output_format, point=point, times=times):
                    output = f"{output_format}-crashed{point}"
                    self.crash(output, f"{point}:{times}", *command)
                    self.finish(output)

    def test_at_any_moment(self):
        for seed in range(DATASET_KILLS):
            output_format = ("webdataset", "parquet")[seed % 2]
            with self.subTest(output_format, seed=seed):
                dice = random.Random(seed)
                output = f"{output_format}-killed{seed}"
                for _ in range(dice.randint(1, 3)):
                    running = self.start(*self.commands[output_format], *LOOPBACK, "-o", output)
                    time.sleep(dice.uniform(0, self.seconds[output_format]))
                    running.send(signal.SIGKILL)
                    running.finish()
                    self.check_visible(output)
                self.finish(output)


if __name__ == "__main__":
    unittest.main()
