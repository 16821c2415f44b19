"""The four settings with Python's requests and a thread pool, one round at a time, for `pixhaul compare --with requests`.

    python3 requests_twin.py LIST [--ca_file FILE] [--folder FOLDER]

It reads commands from standard input and answers each with one JSON line on standard output:

    ROUND <reuse|fresh> <stream|buffer> <images>
        -> {"seconds": 0.27, "cpu_seconds": 0.11, "failed": 0, "bytes": 2048000}
    VERSION  -> {"requests": "2.32.3", "python": "3.11.2"}
    QUIT     (or the end of input) ends it.

`reuse` is a requests.Session with as many pooled connections as images, `fresh` is requests.get; `stream` copies r.raw
to a file, `buffer` writes r.content. Each (body, images) pair has one Session for its whole life, so its first round is
cold and the later ones are warm. The thread pool has one thread an image and is started before the clock is.

Self-contained: the text of this file is embedded in the program and run as `python3 -c TEXT LIST …`.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from multiprocessing.pool import ThreadPool
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter


class Twin:
    """Downloads a list's first images under any of the four settings; one round at a time."""

    def __init__(self, urls: list[str], ca_file: str, folder: str) -> None:
        """Makes a twin.

        Args:
            urls: What to fetch; used in turn when a round wants more.
            ca_file: Certificates to trust, or an empty string for the default.
            folder: Where the images go.
        """
        self._urls = urls
        self._verify: str | bool = ca_file or True
        self._folder = folder
        self._sessions: dict[tuple[str, int], requests.Session] = {}
        self._pools: dict[int, ThreadPool] = {}

    def round(self, connection: str, body: str, images: int) -> dict[str, float | int]:
        """Fetches `images` images at once.

        Args:
            connection: `reuse` or `fresh`.
            body: `stream` or `buffer`.
            images: How many.

        Returns:
            The answer's fields.
        """
        session = self._session(body, images) if connection == "reuse" else None
        pool = self._pool(images)
        jobs = [(session, body, self._urls[n % len(self._urls)], n) for n in range(images)]
        cpu, start = time.process_time(), time.perf_counter()
        sizes = pool.starmap(self._fetch, jobs, chunksize=1)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
        for number in range(images):  # as pixhaul does: a user's images are new files
            Path(self._folder, f"{number}.jpg").unlink(missing_ok=True)
        return {
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "failed": sum(1 for size in sizes if size < 0),
            "bytes": sum(size for size in sizes if size > 0),
        }

    def _session(self, body: str, images: int) -> requests.Session:
        """Returns the session of a pair of settings, made on first use."""
        if (body, images) not in self._sessions:
            session = requests.Session()
            adapter = HTTPAdapter(pool_connections=images, pool_maxsize=images)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            session.verify = self._verify
            # Proxies and the CA bundle come from our arguments, as they do for pixhaul in this comparison.
            session.trust_env = False
            self._sessions[body, images] = session
        return self._sessions[body, images]

    def _pool(self, threads: int) -> ThreadPool:
        """Returns a started pool of `threads`."""
        if threads not in self._pools:
            self._pools[threads] = ThreadPool(threads)
        return self._pools[threads]

    def _fetch(self, session: requests.Session | None, body: str, url: str, number: int) -> int:
        """Fetches one image to its file and returns its size, -1 when that failed."""
        path = os.path.join(self._folder, f"{number}.jpg")
        get = session.get if session is not None else requests.get
        try:
            with get(url, stream=body == "stream", verify=self._verify, timeout=30) as response:
                if response.status_code != 200:
                    return -1
                with open(path, "wb") as file:
                    if body == "stream":
                        shutil.copyfileobj(response.raw, file)
                    else:
                        file.write(response.content)
                expected = int(response.headers.get("Content-Length", -1))
        except (requests.RequestException, OSError, ValueError) as error:
            print(f"requests: {url}: {error}", file=sys.stderr)
            return -1
        size = os.path.getsize(path)
        return size if expected in (-1, size) else -1


def read_list(path: str) -> list[str]:
    """Returns the URLs of a list file: one a line, comments at the start of a line only."""
    with open(path, encoding="utf-8-sig") as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def answer(twin: Twin, words: list[str]) -> dict[str, object]:
    """Carries out one command and returns the answer."""
    if words == ["VERSION"]:
        return {"requests": requests.__version__, "python": platform.python_version()}
    if len(words) == 4 and words[0] == "ROUND" and words[1] in ("reuse", "fresh") and words[2] in ("stream", "buffer"):
        return dict(twin.round(words[1], words[2], int(words[3])))
    return {"error": f"unknown command: {' '.join(words)}"}


def main() -> None:
    """Reads commands until QUIT."""
    parser = argparse.ArgumentParser(description="the four settings with Python requests")
    parser.add_argument("list", help="a text file, one URL a line")
    parser.add_argument("--ca_file", default="", help="certificates to trust")
    parser.add_argument("--folder", default="", help="where the images go; a temporary folder by default")
    options = parser.parse_args()
    urls = read_list(options.list)
    if not urls:
        parser.error(f"{options.list} has no URL")
    with tempfile.TemporaryDirectory(prefix="requests-twin-") as temporary:
        twin = Twin(urls, options.ca_file, options.folder or temporary)
        for line in sys.stdin:
            words = line.split()
            if words == ["QUIT"]:
                break
            if words:
                print(json.dumps(answer(twin, words)), flush=True)


if __name__ == "__main__":
    main()
