"""pixhaul.download: what it takes, what it returns, how it ends."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

import pixhaul


def rows(folder):
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl")) for line in file.read_text().splitlines()]


def test_a_list_of_urls_ends_in_a_summary(origin, out):
    summary = pixhaul.download([*origin.images(20), origin.url("/status/404")], output_folder=out)
    assert (summary.rows, summary.images, summary.failed) == (21, 20, 1)
    assert summary.statuses == {"success": 20, "http_4xx": 1}
    assert summary.failures[0]["http_status"] == 404
    assert "<table>" in summary._repr_html_() and "20 images" in repr(summary)
    assert [row["url"] for row in rows(out)][:20] == origin.images(20)


def test_a_cause_that_dominates_is_told_in_a_sentence(origin, out):
    summary = pixhaul.download([origin.url(f"/status/403?{i}") for i in range(6)], output_folder=out)
    assert len(summary.diagnosis) == 1 and summary.diagnosis[0].startswith("127.0.0.1 refuses 6 of 6 rows")
    assert "likely" in summary._repr_html_()
    assert pixhaul.download(origin.images(6), output_folder=out.with_name("good")).diagnosis == []


def test_rows_come_from_paths_iterators_and_urls_alike(origin, tmp_path):
    urls = origin.images(5)
    listed = tmp_path / "urls.txt"
    listed.write_text("\n".join(urls))
    for number, given in enumerate([listed, str(listed), [listed], tuple(urls), iter(urls), (u for u in urls)]):
        folder = tmp_path / str(number)
        pixhaul.download(given, output_folder=folder)
        assert [row["url"] for row in rows(folder)] == urls
    pixhaul.download(urls[0], output_folder=tmp_path / "one")
    assert [row["url"] for row in rows(tmp_path / "one")] == urls[:1]


def test_the_same_rows_continue_a_folder(origin, out):
    urls = origin.images(30, first=1000)
    pixhaul.download(urls, output_folder=out, max_rows=10)
    origin.ledger(clear=True)
    summary = pixhaul.download(iter(urls), output_folder=out)
    assert summary.images == 30
    assert len(origin.ledger()["requests"]) == 20


def test_other_rows_do_not(origin, out):
    pixhaul.download(origin.images(3), output_folder=out)
    with pytest.raises(pixhaul.FolderError):
        pixhaul.download(origin.images(3, first=7), output_folder=out)


def test_rows_without_a_url_are_rows(origin, out):
    summary = pixhaul.download([None, "\udc80", origin.images(1)[0]], output_folder=out)
    assert summary.rows == 3 and summary.images == 1


def test_what_is_no_row_is_a_type_error(out):
    for given in (7, b"http://x/", {"url": 1}, [3.5]):
        with pytest.raises(TypeError):
            pixhaul.download(given, output_folder=out)


def test_an_iterator_that_waits_does_not_hold_back_its_rows(origin, out):
    """Its second URL is made only when the first image has arrived."""
    first, second = origin.images(2, first=2000)

    def made():
        yield first
        deadline = time.monotonic() + 10
        while not any(r["path"] in first for r in origin.ledger()["requests"]):
            assert time.monotonic() < deadline, "the first row was not on its way"
            time.sleep(0.01)
        yield second

    assert pixhaul.download(made(), output_folder=out).images == 2


def test_what_an_iterator_raises_is_raised(origin, out):
    def made():
        yield origin.images(1)[0]
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        pixhaul.download(made(), output_folder=out)


def test_what_a_callback_raises_stops_the_run(origin, out):
    def stop(_):
        raise LookupError("enough")

    began = time.monotonic()
    with pytest.raises(LookupError, match="enough"):
        pixhaul.download([origin.url("/stall/body")], output_folder=out, on_progress=stop)
    assert time.monotonic() - began < 15  # its deadline is 30 s


def test_progress_counts_up_to_the_rows(origin, out):
    seen = []
    pixhaul.download(origin.images(10), output_folder=out, on_progress=seen.append)
    assert seen[-1]["rows_done"] == 10 and seen[-1]["by_status"] == {"success": 10}


def test_a_busy_folder_is_refused(origin, out):
    held = threading.Event()

    def hold(_):
        held.set()

    def made():
        assert held.wait(10)
        with pytest.raises(pixhaul.BusyError):
            pixhaul.download(origin.images(1), output_folder=out)
        yield origin.images(1)[0]

    assert pixhaul.download(made(), output_folder=out, on_progress=hold).images == 1


def test_other_threads_run_meanwhile(origin, tmp_path):
    """Two runs at once, neither in the main thread, and Python goes on between them."""
    summaries = []
    threads = [
        threading.Thread(target=lambda n=n: summaries.append(
            pixhaul.download([origin.url("/slow/head?ms=300")], output_folder=tmp_path / str(n))))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    turns = 0
    while any(thread.is_alive() for thread in threads):
        turns += 1
        time.sleep(0.001)
    assert [summary.images for summary in summaries] == [1, 1] and turns > 20


def test_ctrl_c_ends_cleanly(origin, tmp_path):
    script = ("import pixhaul, sys\n"
              "pixhaul.download(sys.argv[2:], output_folder=sys.argv[1], on_progress=lambda n: print(1, flush=True))")
    urls = [*origin.images(5), origin.url("/slow/head?ms=1500")]
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path / "out", *urls], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert error.strip().endswith("KeyboardInterrupt"), error
    assert pixhaul.download(urls, output_folder=tmp_path / "out").images == 6


def test_importing_is_quick():
    """The least of five: other programs share the machine. The figure itself is bench/python.py's."""
    script = "import time; t = time.perf_counter(); import pixhaul; print(time.perf_counter() - t)"
    times = [float(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout)
             for _ in range(5)]
    assert min(times) < 0.05


def test_the_command_is_there():
    done = subprocess.run([sys.executable, "-m", "pixhaul", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout.startswith(f"pixhaul {pixhaul.__version__}\n")


def test_errors_are_one_family():
    assert issubclass(pixhaul.OptionError, (pixhaul.PixhaulError, ValueError))
    assert issubclass(pixhaul.BusyError, pixhaul.OutputError) and issubclass(pixhaul.OutputError, pixhaul.PixhaulError)
    with pytest.raises(pixhaul.InputError, match="no-such-list") as caught:
        pixhaul.download(pathlib.Path("no-such-list.txt"), output_folder=os.devnull + "x")
    assert caught.value.code == "input_unreadable"
