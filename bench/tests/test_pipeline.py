"""Tests of the pipeline benchmark: /usr/bin/python3 -m unittest discover -s bench/tests."""

import statistics
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

import pipeline_cases  # noqa: E402  (the path above comes first)
import resize  # noqa: E402
import web_mix  # noqa: E402
from support import dataset_peers, pipeline_report, report, watch, web_corpus  # noqa: E402
from support.dataset_peers import Task  # noqa: E402

TASK = Task("resize", Path("list.parquet"), Path("out"), 64)
RUN = {"cpu_us": 1000.0, "start_cpu_seconds": 0.1, "images": 100, "wall_seconds": 1.0, "rate": 100.0, "clean": True}


class WebCorpusTest(unittest.TestCase):
    """support/web_corpus.py."""

    def test_sizes_have_the_means_asked_for_and_a_long_tail(self) -> None:
        wanted = list(web_corpus.pictures())
        areas = [picture.size[0] * picture.size[1] for picture in wanted]
        self.assertAlmostEqual(statistics.mean(areas) / 500_000, 1.0, delta=0.05)
        self.assertAlmostEqual(statistics.mean(picture.target_bytes for picture in wanted) / 75_000, 1.0, delta=0.1)
        self.assertGreater(max(areas), 6 * statistics.median(areas))

    def test_paths_differ_and_repeat_the_photographs(self) -> None:
        paths = web_corpus.paths(web_corpus.PICTURE_COUNT + 1)
        self.assertEqual(len(set(paths)), len(paths))
        self.assertEqual(paths[0].split("?")[0], paths[-1].split("?")[0])

    def test_a_picture_is_a_jpeg_of_its_size_with_what_it_should_have(self) -> None:
        picture = web_corpus.Picture(0, (96, 64), 4_000, True, False, True)
        data = web_corpus.encoded(picture)
        self.assertTrue(data.startswith(b"\xff\xd8") and b"\xff\xc2" in data and b"Exif\0\0" in data)


class CommandTest(unittest.TestCase):
    """support/dataset_peers.py."""

    def test_options_given_later_take_the_place_of_the_others(self) -> None:
        command = dataset_peers.pixhaul_command(Path("pixhaul"), TASK, "--compute_hash", "none")
        self.assertIn("--compute_hash=none", command)
        self.assertNotIn("--compute_hash=sha256", command)
        without = dataset_peers.pixhaul_command(Path("pixhaul"), TASK, "--concurrency", "")
        self.assertFalse([word for word in without if word.startswith("--concurrency")])

    def test_both_clients_are_asked_for_the_same_pixels(self) -> None:
        ours = dataset_peers.pixhaul_command(Path("pixhaul"), TASK)
        theirs = dataset_peers.img2dataset_options(TASK)
        for name in ("resize_mode", "image_size", "encode_quality", "compute_hash", "output_format"):
            self.assertIn(f"--{name}={theirs[name]}", ours)

    def test_successes_of_all_shards_are_added_up(self) -> None:
        with tempfile.TemporaryDirectory() as root:
            for shard in range(3):
                (Path(root) / f"0000{shard}_stats.json").write_text('{"successes": 7}')
            self.assertEqual(dataset_peers.successes(Path(root)), 21)


class MixTest(unittest.TestCase):
    """web_mix.py."""

    def test_the_list_has_the_shares_it_says(self) -> None:
        urls = web_mix.urls(2_000, 500)
        self.assertEqual(len(set(urls)), 2_000)
        self.assertEqual(urls, web_mix.urls(2_000, 500))
        first = Counter(url.split("/")[2][0] for url in urls)
        folder = Counter(url.split("/")[3] for url in urls)
        self.assertEqual((first["x"], first["d"]), (160, 20))
        self.assertEqual((folder["missing"], folder["forbidden"], folder["stall"], folder["broken"]), (100, 40, 20, 40))
        self.assertEqual(web_mix.expected_successes(2_000), 1_660)

    def test_the_moment_is_that_of_the_row_that_makes_98_in_100(self) -> None:
        self.assertEqual(web_mix.moment([float(n) for n in range(1, 101)], 100), 98.0)
        self.assertIsNone(web_mix.moment([1.0] * 97, 100))

    def test_the_moment_lies_between_two_events(self) -> None:
        lines = [(1.0, '{"event": "progress", "rows_done": 88}'), (1.5, "pixhaul: a notice"), (2.0, '{"event": "progress", "rows_done": 108}')]
        moment = web_mix.moment_of_progress(lines, 100)
        self.assertIsNotNone(moment)
        self.assertAlmostEqual(moment or 0.0, 1.5)
        self.assertIsNone(web_mix.moment_of_progress(lines[:1], 100))


class WatchTest(unittest.TestCase):
    """support/watch.py."""

    def test_memory_of_children_is_counted_and_lines_have_a_moment(self) -> None:
        child = "b = bytearray(64 << 20); import time; time.sleep(0.8)"
        code = f"import subprocess, sys; print('up', flush=True); subprocess.run([sys.executable, '-c', {child!r}])"
        seen = watch.watch([sys.executable, "-c", code], BENCH, {}, 20.0)
        self.assertEqual((seen.exit_code, [line for _, line in seen.lines]), (0, ["up"]))
        self.assertGreater(seen.peak_bytes, 64 << 20)

    def test_a_run_that_takes_too_long_is_ended_with_its_children(self) -> None:
        code = "import subprocess; subprocess.run(['sleep', '30'])"
        seen = watch.watch([sys.executable, "-c", code], BENCH, {}, 0.3)
        self.assertNotEqual(seen.exit_code, 0)
        self.assertLess(seen.wall_seconds, 5.0)


class StallTest(unittest.TestCase):
    """support/stall.py."""

    def test_it_says_that_it_is_ready(self) -> None:
        with subprocess.Popen([sys.executable, str(BENCH / "support" / "stall.py"), "127.0.0.1", "0"], stdout=subprocess.PIPE,
                              text=True) as process:
            try:
                assert process.stdout is not None
                self.assertEqual(process.stdout.readline(), "ready\n")
            finally:
                process.terminate()


class PipelineReportTest(unittest.TestCase):
    """support/pipeline_report.py."""

    ABOUT = {"machine": dict.fromkeys(("processor", "cores", "memory", "system", "kernel"), "x"), "versions": {}, "commands": ["c"],
             "date": "d", "corpus": {"count": 320, "mean_bytes": 75_000.0, "mean_pixels": 5e5}}

    def test_every_target_is_of_a_case_and_a_client_that_there_are(self) -> None:
        for case, client, _ in pipeline_report.TARGETS:
            self.assertIn(client, pipeline_cases.CASES[case].images)
            self.assertIn(case, pipeline_report.TITLES)

    def test_a_ratio_is_met_missed_or_not_measured(self) -> None:
        self.assertEqual(report.at_least(2.6, 2.5), "2.6 (≥ 2.5) met")
        self.assertEqual(report.at_least(2.4, 2.5), "2.4 (≥ 2.5) MISSED")
        self.assertEqual(report.at_least(None, 2.5), "– (≥ 2.5)")

    def test_the_resize_page_says_how_much_quality_is_lost(self) -> None:
        results = {
            "about": {**self.ABOUT, "command": "c"}, "files": 1, "side": 256, "quality": 95, "rounds": 1, "ratios": [2.0],
            "cpu_ms": {"pixhaul": [2.0], "OpenCV": [4.0]},
            "psnr_db": {"pixhaul": {"luminance": 45.0, "rgb": 41.7}, "OpenCV": {"luminance": 45.0, "rgb": 42.0}},
        }
        page = resize.markdown(results)
        self.assertIn("2.0 (≥ 1.8) met", page)
        self.assertIn("0.30 (≤ 0.2) MISSED", page)

    def test_the_page_holds_every_case(self) -> None:
        slow = {**RUN, "cpu_us": 3000.0}
        mix = {"final_seconds": 20.0, "wall_seconds": 31.0, "cpu_seconds": 9.0, "peak_bytes": 1 << 28, "successes": 16_600, "exit_code": 0}
        step = {"name": "sha256", "after": "", "cpu_us": [50.0], "floor": ["sha256"], "own_us": 40.0, "floor_us": 20.0}
        cases = {
            "resize": {"runs": {"pixhaul": [RUN], "img2dataset": [slow], "daft": []}, "failures": {"daft": "no | such\nthing"}},
            "small": {"images": 100, "runs": {"pixhaul": [{**RUN, "cpu_seconds": 1.0}], "img2dataset": [{**RUN, "cpu_seconds": 9.0, "wall_seconds": 30.0}]}},
            "mix": {"rows": 20_000, "hosts": 5_000, "expected": 16_600,
                    "runs": {"pixhaul": [mix], "img2dataset": [{**mix, "final_seconds": 400.0, "peak_bytes": 1 << 30}]}},
            "stages": {"floors_us": {"sha256": 20.0}, "steps": [step], "missing": {}},
        }
        results = {"about": self.ABOUT, "cases": cases}
        stage = {"cpu_ms": {"pixhaul": [2.0], "OpenCV": [5.0]}, "ratios": [2.5]}
        page = pipeline_report.markdown(results, stage)
        self.assertIn("| resize stage alone, CPU ms an image | – | OpenCV – | – (≥ 1.8) |", pipeline_report.markdown(results, {}))
        for words in ("3.0 (≥ 2.5) met", "2.5 (≥ 1.8) met", "30.0 (≥ 20) met", "20.0 (≥ 15) met", "11.00 (≤ 12) met", "equal: met", "0.25 (≤ 0.3) met",
                      "| sha256 | – | 50.0 [50.0–50.0] | 40.0 | sha256 20.0 | 2.00 × |", "no / such thing"):
            self.assertIn(words, page)
        xml.fromstring(pipeline_report.picture(results))


if __name__ == "__main__":
    unittest.main()
