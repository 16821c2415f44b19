"""What `pixhaul status` and `pixhaul verify` say of a folder, and their exit codes."""

import signal
import unittest

from support import LOOPBACK, Case, wait_until


class Folder(Case):
    def look(self, *arguments, expect):
        done = self.command(*arguments)
        self.assertEqual(done.code, expect, str(done))
        return done.stdout + done.stderr

    def make(self, *more):
        self.urls = [*self.origin.images(7), self.origin.url("/status/404"), *more]
        self.write_list(self.urls)
        self.download("urls.txt", "--number_sample_per_shard", "4", expect=1)

    def test_a_finished_folder_is_complete_and_as_recorded(self):
        self.make()
        said = self.look("status", "images", expect=0)
        for words in ("shards   2 done, 0 open", "rows     8 of 8", "images   7", "http_4xx",
                      "complete"):
            self.assertIn(words, said)
        said = self.look("verify", "images", expect=0)
        self.assertIn("2 shards, 7 samples", said)
        self.assertIn("all as recorded, complete", said)
        self.look("verify", "images", "--deep", expect=0)

    def test_damage_is_named(self):
        self.make()
        image = next((self.folder / "images/00000").glob("*.jpg"))
        data = bytearray(image.read_bytes())
        data[len(data) // 2] ^= 1
        image.write_bytes(data)
        said = self.look("verify", "images", expect=4)
        self.assertIn(f"00000/{image.name} is not what was downloaded", said)
        (self.folder / "images/00001.jsonl").write_text("")
        self.assertIn("00001.jsonl has 0 bytes", self.look("verify", "images", expect=4))

    def test_a_running_and_a_killed_run_are_not_complete(self):
        self.write_list([*self.origin.images(6), self.origin.url("/stall/accept")])
        running = self.start("urls.txt", *LOOPBACK, "--number_sample_per_shard", "4")
        wait_until(lambda: (self.folder / "images/00000_stats.json").exists(), "a done shard")
        said = self.look("status", "images", expect=7)
        self.assertIn("1 done, 1 open", said)
        self.assertIn(f"process {running.process.pid} works on it", said)
        running.send(signal.SIGKILL)
        running.finish()
        self.assertNotIn("process", self.look("status", "images", expect=7))
        self.assertIn("not complete", self.look("verify", "images", expect=7))

    def test_what_is_no_such_folder_is_a_sentence(self):
        self.assertIn("no folder that pixhaul or img2dataset made",
                      self.look("status", ".", expect=3))
        self.look("verify", expect=2)
        self.look("status", "a", "b", expect=2)
        self.look("status", "images", "--deep", expect=2)


if __name__ == "__main__":
    unittest.main()
