"""Runs img2dataset itself over cases: python theirs.py CASES.json, in an environment that has img2dataset.

Its reader, downloader, resizer, blurrer and writers do their work unchanged. Only the processes round them are left
out: shards are downloaded one after the other in this one, and nobody prints the stats that were written, so that a
case takes a fraction of a second instead of several. For each case a line of JSON comes out: null, or what was raised.
"""

import contextlib
import io
import json
import os
import signal
import sys

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

from img2dataset import main as _  # noqa: E402,F401

main = sys.modules["img2dataset.main"]


class SilentLogger:
    """Stands in for the process that prints."""

    def __init__(self, *_):
        self.done_shards = set()

    def start(self):
        pass

    def join(self):
        pass


def one_after_the_other(_processes, downloader, reader, _jobs, _retries):
    for shard in reader:
        done, _ = downloader(shard)
        if not done:
            raise RuntimeError("a shard failed")


def run(parameters):
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main.download(**parameters)
    except Exception as error:  # pylint: disable=broad-except
        return f"{type(error).__name__}: {error}"
    return None


def run_all(cases):
    main.LoggerProcess = SilentLogger
    main.multiprocessing_distributor = one_after_the_other
    sys.modules["img2dataset.reader"].time.sleep = lambda _: None  # between tries of what fails each time
    for case in cases:
        print(json.dumps(run(case)), flush=True)
    signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        run_all(json.load(file))
