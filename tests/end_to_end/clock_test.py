#!/usr/bin/env python3
"""A wall clock that jumps about during a run: deadlines go by the steady one, so nothing may notice."""

import json
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reliability"))
from rig import Bench  # noqa: E402

COMMON = ("urls.txt", "--output_format", "webdataset", "--metadata", "jsonl", "--number_sample_per_shard", "20",
          "--progress", "none")


CLOCK_LIBRARY = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
/* Every other question about the calendar is answered ten years off; steady time is left alone. */
int clock_gettime(clockid_t clock, struct timespec* into) {
  static int (*real)(clockid_t, struct timespec*);
  static int asked;
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, into);
  if (clock == CLOCK_REALTIME) into->tv_sec += ++asked % 2 ? 315360000 : -315360000;
  return result;
}
"""


class JumpingClock(unittest.TestCase):
    @unittest.skipIf(os.environ.get("E2E_SANITIZE"), "a preloaded library and a sanitizer do not mix")
    def test_a_wall_clock_that_jumps_ten_years_times_nothing_out(self):
        with Bench("--delay_ms", "50") as bench:
            source, library = bench.folder / "clock.c", bench.folder / "clock.so"
            source.write_text(CLOCK_LIBRARY)
            subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
            bench.write_list([bench.origin.url(f"/img/8/8/{i}.jpg", f"h{i % 9}.hosts.test") for i in range(100)])
            began = time.monotonic()
            done = bench.run(*COMMON, env={"LD_PRELOAD": str(library)})
            self.assertEqual(done.code, 0, str(done))
            self.assertLess(time.monotonic() - began, 20)
            years = {json.loads(line)["retrieved_at"][:4] for path in (bench.folder / "images").glob("*.jsonl")
                     for line in path.read_text().splitlines()}
            self.assertNotIn(time.strftime("%Y"), years)  # the library was asked, or this proves nothing
            code, said = bench.verify("urls.txt")
            self.assertEqual(code, 0, said)


if __name__ == "__main__":
    unittest.main()
