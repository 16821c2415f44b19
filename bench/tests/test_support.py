"""Tests of what the benchmarks stand on: /usr/bin/python3 -m unittest discover -s bench/tests."""

import random
import struct
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

import sessions  # noqa: E402  (the path above comes first)
from support import corpus, dns, engine_report, floor, measure, plot, report  # noqa: E402
from support.folders import FolderShelf  # noqa: E402
from support.peers import PEERS, Cell  # noqa: E402


class FloorTest(unittest.TestCase):
    """support/floor.py."""

    LINK = floor.LinkPath(0.040, 0)

    def test_small_body_costs_only_round_trips(self) -> None:
        self.assertAlmostEqual(floor.floor_seconds(self.LINK, 20, 10_000, tls=False, warm=True), 0.040)
        self.assertAlmostEqual(floor.floor_seconds(self.LINK, 20, 10_000, tls=False, warm=False), 0.080)
        self.assertAlmostEqual(floor.floor_seconds(self.LINK, 20, 10_000, tls=True, warm=False), 0.120)

    def test_each_doubling_of_the_window_costs_a_round_trip(self) -> None:
        # 10 + 20 + 40 segments of 1448 bytes hold 100 KB.
        self.assertAlmostEqual(floor.floor_seconds(self.LINK, 1, 100_000, tls=False, warm=False), 0.160)
        self.assertAlmostEqual(floor.floor_seconds(self.LINK, 1, 100_000, tls=False, warm=True, restarts=False), 0.040)

    def test_the_link_is_shared_by_all_images(self) -> None:
        narrow = floor.LinkPath(0.0, 8_000_000)
        least = floor.floor_seconds(narrow, 10, 100_000, tls=False, warm=True)
        self.assertAlmostEqual(least, 10 * 100_260 * (1500 / 1448) / 1e6, places=3)


class CorpusTest(unittest.TestCase):
    """support/corpus.py."""

    def test_a_framed_file_has_its_size_and_no_marker_inside_the_scan(self) -> None:
        data = corpus.framed(random.Random(1), 1_024)
        self.assertEqual(len(data), 1_024)
        self.assertTrue(data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9"))
        at = 2
        while data[at + 1] != 0xDA:  # segments up to the scan
            self.assertEqual(data[at], 0xFF)
            at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
        self.assertNotIn(0xFF, data[at:-2])

    def test_paths_differ_and_repeat_the_files(self) -> None:
        paths = corpus.paths(corpus.BODIES["1k"], corpus.FILE_COUNT + 1)
        self.assertEqual(len(set(paths)), len(paths))
        self.assertEqual(paths[0].split("?")[0], paths[-1].split("?")[0])


class DnsTest(unittest.TestCase):
    """support/dns.py."""

    @staticmethod
    def query(name: str, kind: int) -> bytes:
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        return b"\x12\x34" + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)

    ONE = dns.parse_zone("bench.test", ["127.0.0.1"])
    MANY = dns.parse_zone("mix.test", ["h=10.78.0.0", "d=10.79.0.0"])

    def test_a_name_below_the_domain_has_the_address(self) -> None:
        reply = dns.answer(self.query("h7.Bench.test", 1), self.ONE)
        self.assertEqual((reply[:2], reply[3] & 15, reply[7], reply[-4:]), (b"\x12\x34", 0, 1, b"\x7f\0\0\1"))

    def test_other_types_have_no_data_and_other_names_do_not_exist(self) -> None:
        self.assertEqual(dns.answer(self.query("h7.bench.test", 28), self.ONE)[7], 0)
        self.assertEqual(dns.answer(self.query("example.org", 1), self.ONE)[3] & 15, 3)
        self.assertEqual(dns.answer(b"\0" * 13, self.ONE), b"")

    def test_numbered_names_have_addresses_of_their_own(self) -> None:
        self.assertEqual(dns.answer(self.query("h300.mix.test", 1), self.MANY)[-4:], bytes([10, 78, 1, 44]))
        self.assertEqual(dns.answer(self.query("d2.mix.test", 1), self.MANY)[-4:], bytes([10, 79, 0, 2]))
        for name in ("x2.mix.test", "h.mix.test", "mix.test", "h2.bench.test"):
            self.assertEqual(dns.answer(self.query(name, 1), self.MANY)[3] & 15, 3, name)


class MeasureTest(unittest.TestCase):
    """support/measure.py and support/folders.py."""

    def test_a_run_counts_the_cpu_of_children(self) -> None:
        busy = "import subprocess,sys; subprocess.run([sys.executable,'-c','sum(range(3000000))'])"
        run = measure.run([sys.executable, "-c", busy], None)
        self.assertEqual(run.exit_code, 0)
        self.assertGreater(run.cpu_seconds, 0.03)

    def test_folders_are_new_and_empty(self) -> None:
        with tempfile.TemporaryDirectory() as root:
            shelf = FolderShelf(Path(root), 10)
            first, second = shelf.fresh(1), shelf.fresh(1)
            self.assertNotEqual(first, second)
            self.assertEqual(list(second.iterdir()), [])
            shelf.clear()
            self.assertFalse(first.exists())


class ReportTest(unittest.TestCase):
    """The pages and the pictures."""

    def test_pictures_are_well_formed(self) -> None:
        bars = plot.bars("a < b", "", [plot.Group("g", [plot.Bar("x & y", 2.0, 1.0, 3.0, floor=1.5), plot.Bar("z", 90.0)])], 25)
        lines = plot.lines("t", "n", [plot.Line("l", [(0, 1), (10, 4)])])
        for text in (bars, lines):
            self.assertEqual(xml.fromstring(text).tag, "{http://www.w3.org/2000/svg}svg")

    def test_a_target_says_met_missed_or_not_measured(self) -> None:
        self.assertEqual(report.verdict(0.5, 0.7), "0.50 (≤ 0.7) met")
        self.assertEqual(report.verdict(0.8, 0.7), "0.80 (≤ 0.7) MISSED")
        self.assertEqual(report.verdict(None, 0.7), "– (≤ 0.7)")

    def test_every_target_names_a_peer_that_can_do_the_cell(self) -> None:
        peers = {peer.name: peer for peer in PEERS}
        for key, name, _ in engine_report.TARGETS:
            body, transport, connections, sink = key.split("/")
            cell = Cell(body, transport, int(connections), sink)
            self.assertTrue(peers[name].can(cell) and peers["pixhaul"].can(cell), key)

    def test_the_sessions_page_sets_cold_and_warm_beside_the_floor(self) -> None:
        def cell(client: str, connection: str, seconds: list[float]) -> dict[str, object]:
            return {"client": client, "connection": connection, "body": "stream", "http_version": "1.1", "images": 20,
                    "seconds": seconds}

        cells = [cell("pixhaul", "reuse", [0.3, 0.2, 0.2]), cell("requests", "reuse", [0.6, 0.4, 0.4]),
                 cell("pixhaul", "fresh", [0.3]), cell("requests", "fresh", [0.2])]
        about = {"machine": dict.fromkeys(("processor", "cores", "memory", "system", "kernel"), "x"), "versions": {},
                 "command": "c", "date": "d"}
        block = {"place": "link", "scheme": "http", "size": "30 KB"}
        results = {"blocks": [{"block": block, "image_bytes": 30_000, "compare": {"cells": cells}}], "about": about}
        page = sessions.markdown(results)
        self.assertIn("| reuse · stream | 20 | cold | 0.3000 | 0.6000 | 0.50 met |", page)
        self.assertIn("| reuse · stream | 20 | warm | 0.2000 | 0.4000 | 0.50 met |", page)
        self.assertIn("| fresh · stream | 20 | cold | 0.3000 | 0.2000 | 1.50 MISSED |", page)
        xml.fromstring(sessions.picture(results))


if __name__ == "__main__":
    unittest.main()
