#!/usr/bin/env python3
"""Every row of the fault table against the real command, tools/verify.py deciding; and the verifier itself, which must
see each kind of damage it is there for."""

import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reliability"))
import p01  # noqa: E402
from faults import QUICK  # noqa: E402
from rig import Bench  # noqa: E402


class FaultTable(unittest.TestCase):
    def test_every_row_ends_as_it_must(self):
        figure = p01.measure(4 * len(QUICK))
        self.assertTrue(figure.passed, figure.figure + "\n" + figure.detail)


def edit_rows(change):
    """A kind of damage: the rows of shard 0 rewritten, with the stats' size made to agree."""

    def damage(top):
        path = top / "00000.jsonl"
        rows = change([json.loads(line) for line in path.read_text().splitlines()])
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    return damage


def with_status(rows, status):
    return [{**rows[0], "status": status}, *rows[1:]]


DAMAGES = {
    "a lost row": ("P1", edit_rows(lambda rows: rows[1:])),
    "a doubled row": ("P1", edit_rows(lambda rows: [*rows, rows[-1]])),
    "a status outside the list": ("P1", edit_rows(lambda rows: with_status(rows, "internal"))),
    "a row of another URL": ("P1", edit_rows(lambda rows: [{**rows[0], "url": "http://x/"}, *rows[1:]])),
    "a missing file": ("P2", lambda top: (top / "00001.tar").unlink()),
    "a cut file": ("P2", lambda top: (top / "00001.tar").write_bytes((top / "00001.tar").read_bytes()[:-512])),
    "a flipped bit": ("P2", lambda top: (top / "00001.tar").write_bytes(
        bytes([byte ^ (at == 600) for at, byte in enumerate((top / "00001.tar").read_bytes())]))),
    "a torn stats file": ("P2", lambda top: (top / "00001_stats.json").write_text("{")),
    "an attempt too long": ("P6", edit_rows(lambda rows: [{**rows[0], "total_ms": 99_000}, *rows[1:]])),
    "another digest": ("P8", edit_rows(lambda rows: [{**rows[0], "sha256": "0" * 64}, *rows[1:]])),
    "a foreign file": ("P12", lambda top: (top / "evil.html").write_text("x")),
    "a raw control character": ("P12", edit_rows(lambda rows: [{**rows[0], "detail": "\x1b[31m"}, *rows[1:]])),
}


class Verifier(unittest.TestCase):
    def test_sees_each_kind_of_damage(self):
        with Bench() as bench:
            bench.write_list([bench.origin.url(f"/img/9/9/{i}.jpg") for i in range(20)])
            for number, (what, (promise, damage)) in enumerate(DAMAGES.items()):
                with self.subTest(what):
                    output = f"out{number}"
                    done = bench.run("urls.txt", "-o", output, "--output_format", "webdataset", "--metadata", "jsonl",
                                     "--number_sample_per_shard", "10", "--progress", "none")
                    self.assertEqual(done.code, 0, str(done))
                    code, said = bench.verify("urls.txt", output=output)
                    self.assertEqual(code, 0, said)
                    damage(bench.folder / output)
                    code, said = bench.verify("urls.txt", output=output)
                    self.assertEqual(code, 1, said)
                    self.assertIn(f"{promise} fail", said)

    def test_says_what_is_missing_from_its_arguments(self):
        done = subprocess.run([sys.executable, pathlib.Path(__file__).parents[2] / "tools/verify.py"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
