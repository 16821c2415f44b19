#!/usr/bin/env python3
"""Datasets written to an object store, moto's S3 server on a loopback port.

Needs TEST_VENV (the environment of tests/requirements.txt) and runs itself again with that
environment's Python; ends with 77, CTest's "skipped", where it is missing."""

import io
import itertools
import json
import os
import signal
import tarfile
import unittest

import object_store
from object_store import ALONE, CREDENTIALS
import support

COMMIT_CRASH_POINTS = 10


class StoreOutputTest(object_store.StoreCase):
    numbers = itertools.count()

    def setUp(self):
        super().setUp()
        self.prefix = f"run{next(self.numbers)}"
        self.output = f"s3://{self.bucket}/{self.prefix}"
        self.urls = self.origin.images(6)
        self.write_list(self.urls)

    def environment(self, machine="a", credentials=CREDENTIALS, **more):
        """`machine`: whose local folder it is; another one shares nothing but the store."""
        return {**ALONE, **credentials, **self.endpoint,
                "XDG_CACHE_HOME": str(self.folder / machine), **more}

    def arguments(self, *more, output=None):
        return ("urls.txt", "--output_folder", output or self.output, "--output_format",
                "webdataset", "--number_sample_per_shard", "3", *more)

    def run_it(self, *more, expect=0, output=None, **environment):
        done = self.download(*self.arguments(*more, output=output), expect=expect,
                             env=self.environment(**environment))
        self.assertNotIn("Finalize", done.stderr)
        return done

    def results(self, prefix=None):
        """The output but its state, without what differs from run to run."""
        found = {}
        for key, body in self.objects(prefix or self.prefix).items():
            if key.startswith(".pixhaul/"):
                continue
            if key.endswith("_stats.json"):
                body = {name: value for name, value in json.loads(body).items()
                        if "time" not in name and name != "duration"}
            found[key] = body
        return found

    def expect_clean(self):
        self.assertEqual([key for key in self.objects(self.prefix)
                          if key.startswith(".pixhaul/commit/")], [], "left in the store")

    def expect_complete(self, wanted=None):
        """Both shards stand, exactly once, with nothing left over."""
        found = self.results()
        self.assertEqual(sorted(found), ["00000.parquet", "00000.tar", "00000_stats.json",
                                         "00001.parquet", "00001.tar", "00001_stats.json"])
        names = []
        for shard in ("00000.tar", "00001.tar"):
            with tarfile.open(fileobj=io.BytesIO(found[shard])) as tar:
                names += [name for name in tar.getnames() if name.endswith(".jpg")]
        self.assertEqual(len(names), len(self.urls))
        self.assertEqual(len(set(names)), len(self.urls))
        if wanted is not None:
            self.assertEqual(found, wanted)
        self.expect_clean()

    def command_on_output(self, command, *more, expect=0, **environment):
        done = self.command(command, self.output, *more, env=self.environment(**environment))
        self.assertEqual(done.code, expect, str(done))
        return done

    # ---- a run

    def test_shards_are_those_of_a_local_run(self):
        done = self.run_it()
        self.assertIn(self.output, done.stdout + done.stderr)
        self.expect_complete()
        self.download(*self.arguments(output="local"), env=self.environment())
        found = self.results()
        for name in ("00000.tar", "00001.tar", "00000.parquet", "00001.parquet"):
            self.assertEqual(found[name], (self.folder / "local" / name).read_bytes(), name)

    def test_parquet_shards_are_written_too(self):
        done = self.command("urls.txt", "--output_folder", self.output, "--output_format",
                            "parquet", *support.LOOPBACK, env=self.environment())
        self.assertEqual(done.code, 0, str(done))
        self.assertEqual(sorted(self.results()), ["00000.parquet", "00000_stats.json"])

    def test_a_finished_output_is_not_fetched_again(self):
        self.run_it()
        self.origin.ledger(clear=True)
        self.run_it()
        self.assertEqual(self.origin.ledger()["requests"], [])
        self.run_it(machine="b")
        self.assertEqual(self.origin.ledger()["requests"], [])
        self.expect_complete()

    def test_a_list_that_grew_continues_and_overwrite_begins_anew(self):
        self.write_list(self.urls[:3])
        self.run_it()
        self.write_list(self.urls)
        self.run_it()
        self.expect_complete()
        self.origin.ledger(clear=True)
        self.run_it("--incremental_mode", "overwrite")
        self.assertEqual(len(self.origin.ledger()["requests"]), len(self.urls))
        self.expect_complete()

    def test_extend_adds_shards_behind(self):
        self.run_it()
        self.run_it("--incremental_mode", "extend")
        self.assertEqual([key for key in sorted(self.results()) if key.endswith(".tar")],
                         ["00000.tar", "00001.tar", "00002.tar", "00003.tar"])
        self.expect_clean()

    def test_failed_rows_are_won_in_a_new_generation(self):
        self.urls[1] = self.origin.url("/mended.jpg")
        self.write_list(self.urls)
        self.run_it("--fail_ratio", "1", "--retries", "0")
        self.assertIn("failed.txt", self.results())
        self.origin.put("/mended.jpg", self.origin.get("/img/24/24/77.jpg"))
        self.run_it("--retry_failed", "all")
        self.expect_complete()
        self.assertEqual(self.results()["00000_stats.json"]["successes"], 3)

    def test_failed_rows_of_a_table_keep_their_columns_in_the_store(self):
        self.urls[4] = self.origin.url("/status/404")
        (self.folder / "urls.csv").write_text(
            "url,caption\n" + "".join(f"{url},number {i}\n" for i, url in enumerate(self.urls)))
        done = self.download("urls.csv", *self.arguments("--caption_col", "caption", "--fail_ratio", "1")[1:],
                             env=self.environment())
        self.assertIn(f"with all their columns in {self.output}/.pixhaul/failed.parquet", done.stderr)
        table = self.objects(self.prefix)[".pixhaul/failed.parquet"]
        self.assertEqual((table[:4], table[-4:]), (b"PAR1", b"PAR1"))
        self.assertIn(b"number 4", table)
        self.assertNotIn(b"number 3", table)
        self.command_on_output("verify")

    def test_status_and_verify_read_the_store(self):
        self.run_it()
        self.command_on_output("verify", "--deep")
        self.assertIn("2", self.command_on_output("status", machine="b").stdout)
        tar = self.objects(self.prefix)["00001.tar"]
        self.put(f"{self.prefix}/00001.tar", tar[:1000] + b"?" + tar[1001:])
        done = self.command_on_output("verify", expect=4)
        self.assertIn("00001.tar", done.stdout + done.stderr)

    def test_a_damaged_shard_is_done_again(self):
        self.run_it()
        wanted = self.results()
        self.put(f"{self.prefix}/00001.tar", b"short")
        self.run_it(machine="b")
        self.expect_complete(wanted)

    # ---- crashes and rivals

    def test_a_kill_between_any_two_steps_continues_to_the_same_end(self):
        self.run_it()
        wanted = self.results()
        for point in range(1, COMMIT_CRASH_POINTS + 1):
            for second in ("a", "b"):
                with self.subTest(point=point, continued_on=second):
                    self.prefix = f"kill{point}{second}"
                    output = f"s3://{self.bucket}/{self.prefix}"
                    self.run_it(output=output, expect=-signal.SIGKILL,
                                PIXHAUL_CRASH_POINT=str(point))
                    self.run_it(output=output, machine=second)
                    self.expect_complete(wanted)

    def test_of_rivals_on_a_shard_exactly_one_result_stands(self):
        rivals = [self.start(*self.arguments(), *support.LOOPBACK,
                             env=self.environment(machine=machine)) for machine in "abc"]
        for rival in rivals:
            done = rival.finish(60)
            self.assertEqual(done.code, 0, str(done))
        self.expect_complete()
        self.command_on_output("verify", machine="d")

    def overtake(self, expect=0, **environment):
        """A rival does the whole list while this run is held in the middle of its own; what each
        left in the store."""
        self.urls[2] = self.origin.url("/slow/head?ms=1000")
        self.write_list(self.urls)
        self.origin.ledger(clear=True)
        late = self.start(*self.arguments(), *support.LOOPBACK, env=self.environment())
        support.wait_until(lambda: len(self.origin.ledger()["requests"]) > 0, "requests")
        late.send(signal.SIGSTOP)
        try:
            self.run_it(machine="b", expect=expect, **environment)
            before = self.objects(self.prefix)
        finally:
            late.send(signal.SIGCONT)
        done = late.finish(60)
        self.assertEqual(done.code, 0, str(done))
        self.expect_complete()
        self.command_on_output("verify", machine="c")
        return before, self.objects(self.prefix)

    def test_who_comes_behind_the_winners_last_step_changes_nothing(self):
        before, after = self.overtake()
        self.assertEqual(before, after)

    def test_who_finds_a_decision_carries_it_out(self):
        before, after = self.overtake(expect=-signal.SIGKILL, PIXHAUL_CRASH_POINT="3")
        decisions = [key for key in before if key.endswith(".1.json")]
        self.assertEqual(len(decisions), 1)
        shard = decisions[0].split("/")[-1].split(".")[0]
        self.assertEqual(json.loads(after[f".pixhaul/shards/{shard}.json"])["attempt"],
                         json.loads(before[decisions[0]])["attempt"])

    def test_a_rival_that_was_killed_before_it_decided_is_swept_away(self):
        self.run_it(expect=-signal.SIGKILL, PIXHAUL_CRASH_POINT="2")
        left = [key for key in self.objects(self.prefix) if key.startswith(".pixhaul/commit/")]
        self.assertNotEqual(left, [])
        self.run_it(machine="b")
        self.expect_complete()

    def test_a_second_run_on_this_machine_is_refused_at_once(self):
        self.write_list([self.origin.url("/slow/head?ms=9000")])
        lock = self.folder / "a/pixhaul/outputs"
        first = self.start(*self.arguments("--deadline", "30s"), *support.LOOPBACK,
                           env=self.environment())
        support.wait_until(lambda: list(lock.glob("*/columns")), "the first run")
        self.run_it(expect=8)
        first.send(signal.SIGKILL)
        first.finish()

    def test_local_state_of_another_life_of_the_output_is_dropped(self):
        self.run_it(expect=-signal.SIGKILL, PIXHAUL_CRASH_POINT="1")
        for key in self.objects(self.prefix):
            self.store.delete_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")
        self.origin.ledger(clear=True)
        self.run_it()
        self.assertEqual(len(self.origin.ledger()["requests"]), len(self.urls))
        self.expect_complete()

    # ---- refusals

    def refusal(self, *more, expect, **settings):
        done = self.run_it(*more, expect=expect, **settings)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, str(done))
        return done.stderr

    def test_a_missing_bucket_is_one_sentence(self):
        self.assertIn("has no bucket 'nobucket'",
                      self.refusal(expect=4, output="s3://nobucket/run"))

    def test_missing_credentials_are_one_sentence_with_the_remedy(self):
        done = self.run_it(expect=4, credentials={})
        self.assertIn("AWS_ACCESS_KEY_ID", done.stderr)

    def test_single_images_are_refused_with_the_remedy(self):
        done = self.command("urls.txt", "--output_folder", self.output, *support.LOOPBACK,
                            env=self.environment())
        self.assertEqual(done.code, 2, str(done))
        self.assertIn("webdataset", done.stderr)

    def test_credentials_in_the_name_are_refused(self):
        self.assertNotIn("hunter2", self.refusal(
            expect=2, output=f"s3://me:hunter2@{self.bucket}/run"))

    def test_credentials_may_come_from_the_shared_file(self):
        path = self.folder / "credentials"
        path.write_text("[other]\naws_access_key_id = x\n[work]\naws_access_key_id = key\n"
                        "aws_secret_access_key = secret\n")
        done = self.run_it(credentials={}, AWS_SHARED_CREDENTIALS_FILE=str(path),
                           AWS_PROFILE="work")
        self.assertNotIn("under a condition", done.stderr)
        self.expect_complete()

    def test_without_a_conditional_create_the_weaker_promise_is_said(self):
        """Credentials that only Arrow can have: a program gives them."""
        program = self.folder / "give"
        program.write_text("#!/bin/sh\necho '" + json.dumps(
            {"Version": 1, "AccessKeyId": "key", "SecretAccessKey": "secret"}) + "'\n")
        os.chmod(program, 0o755)
        config = self.folder / "config"
        config.write_text(f"[default]\ncredential_process = {program}\n")
        done = self.run_it(credentials={}, AWS_CONFIG_FILE=str(config))
        self.assertIn("under a condition", done.stderr)
        self.expect_complete()


if __name__ == "__main__":
    object_store.run_in_environment(__file__, unittest.main)
