#!/usr/bin/env python3
"""A run within --memory N in a cgroup of N and a tenth: large bodies, large pictures, bombs and slow
servers together. It is not killed, stays below N, and every row ends.

Where no cgroup can be made (that takes root), the peak that the kernel reports is all that is looked
at, and a line says so. PIXHAUL_MEMORY_LIMITS names the values of N in MiB (256; `make reliability`
has 256, 1024 and 4096), PIXHAUL_MEMORY_ROWS says how many rows (48; there 360). Written to disk,
since files in memory count as memory."""

import csv
import json
import os
import pathlib
import signal
import struct
import sys
import tempfile
import unittest
import zlib

import support

LIMITS = [int(n) for n in os.environ.get("PIXHAUL_MEMORY_LIMITS", "256").split(",")]
MIB = 1 << 20
IS_SANITIZED = bool(os.environ.get("E2E_SANITIZE"))  # shadow memory counts as ours
CGROUPS = pathlib.Path("/sys/fs/cgroup")


class Cgroup:
    """A group of this test's own, of either version, or none."""

    def __init__(self, limit_bytes):
        name = f"pixhaul-test-{os.getpid()}"
        self.path = None
        for parent, limit in ((CGROUPS / "memory", "memory.limit_in_bytes"),
                              (CGROUPS, "memory.max")):
            path = parent / name
            try:
                path.mkdir()
            except OSError:
                continue
            try:
                (path / limit).write_text(str(limit_bytes))
            except OSError:
                path.rmdir()
                continue
            if (path / "memory.swap.max").exists():
                (path / "memory.swap.max").write_text("0")
            self.path = path
            return
        print("no cgroup can be made here: looking at the peak alone", file=sys.stderr)

    def enter(self):
        """For the child, before it becomes pixhaul."""
        if self.path is not None:
            (self.path / "cgroup.procs").write_text("0")

    def kills(self):
        for name, key in (("memory.events", "oom_kill"), ("memory.oom_control", "oom_kill")):
            if self.path is not None and (self.path / name).exists():
                for line in (self.path / name).read_text().splitlines():
                    if line.split()[0] == key:
                        return int(line.split()[1])
        return 0

    def close(self):
        if self.path is not None and self.path.exists():
            self.path.rmdir()


def png_of_nothing(width, height):
    """A black picture: a thousandth of its pixels in bytes."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    packer = zlib.compressobj(1)
    row = bytes(1 + width * 3)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", data) + chunk(b"IEND", b""))


class Memory(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = "/var/tmp"
        cls.origin.put("/bomb.png", png_of_nothing(7000, 6400))
        cls.origin.put("/large.png", png_of_nothing(3000, 2500))

    def write_mix(self, rows):
        kinds = ["/img/64/64/1.jpg?bytes=12000000", "/img/2600/1900/2.jpg", "/bomb.png",
                 "/large.png", "/trickle?bytes_per_second=200000&bytes=300000",
                 "/img/64/64/3.jpg?bytes=3000000", "/gzip_bomb?bytes=60000000",
                 "/img/300/200/4.jpg", "/endless?ms=1", "/img/1500/1500/5.webp",
                 "/img/64/64/6.jpg?bytes=28000000", "/stall/body?at=20000"]
        with open(self.folder / "list.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["url", "caption"])
            for i in range(rows):
                kind = kinds[i % len(kinds)]
                url = self.origin.url(kind, f"h{i}.hosts.test")  # no host waits for another row
                writer.writerow([url, f"{i} " + "words " * (2000 if i % 50 == 0 else 10)])

    def check_mix(self, cgroup, limit, output_format, rows, *options):
        output = f"{output_format}{limit}"
        done = self.download("list.csv", *self.origin.dns, "-o", output, "--memory",
                             f"{limit}MiB", "--output_format", output_format, "--caption_col",
                             "caption", "--number_sample_per_shard", "100", "--deadline", "3s",
                             "--retries", "0", "--fail_ratio", "1", *options,
                             preexec=cgroup.enter, timeout=300)
        stats = [json.loads(path.read_text())
                 for path in (self.folder / output).glob("*_stats.json")]
        self.assertEqual(sum(one["count"] for one in stats), rows)
        self.assertGreater(sum(one["successes"] for one in stats), rows // 3)
        self.assertEqual(cgroup.kills(), 0)
        if not IS_SANITIZED:
            self.assertLess(done.peak_bytes, limit * MIB)
        return done

    def test_a_hostile_mix_stays_within_the_memory(self):
        for limit in LIMITS:
            rows = int(os.environ.get("PIXHAUL_MEMORY_ROWS", "48"))
            self.write_mix(rows)
            for output_format, options in (
                    ("webdataset", ("--resize_mode", "border", "--image_size", "256")),
                    ("parquet", ("--validate", "decode"))):
                with self.subTest(limit=limit, output_format=output_format):
                    cgroup = Cgroup(limit * MIB * 11 // 10)
                    self.addCleanup(cgroup.close)
                    done = self.check_mix(cgroup, limit, output_format, rows, *options)
                    cgroup.close()
                    if os.environ.get("PIXHAUL_SHOW"):
                        print(limit, output_format, done.peak_bytes // MIB, "MiB",
                              round(done.seconds, 1), "s", done.stderr)

    @unittest.skipIf(IS_SANITIZED, "whose memory is another")
    def test_the_group_kills_what_does_not_stay_within_it(self):
        """Else the test above would prove nothing."""
        cgroup = Cgroup(24 * MIB)
        self.addCleanup(cgroup.close)
        if cgroup.path is None:
            return
        done = self.command("--version", preexec=lambda: (cgroup.enter(), bytearray(64 * MIB)))
        self.assertEqual(done.code, -signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
