"""What every end-to-end test leans on: the fault-injecting origin and the pixhaul command as
processes, the rows of a run, and the promises that hold for every run's folder.

The programs are found through the variables E2E_PIXHAUL and E2E_ORIGIN, which CTest sets; without
them, in build/dev of this tree."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PIXHAUL = os.environ.get("E2E_PIXHAUL", str(ROOT / "build/dev/pixhaul"))
ORIGIN = os.environ.get("E2E_ORIGIN", str(ROOT / "build/dev/tools/origin"))
LOOPBACK = ("--allow_net", "127.0.0.0/8")
# Thousands of small files: in memory where there is such a place, whatever else the disk is doing.
if "TMPDIR" not in os.environ and os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"
INHERITED = ("PATH", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


def clean_environment(extra=None):
    """Nothing of the caller's that pixhaul reads: proxies, PIXHAUL_*, the terminal."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**environment, "TERM": "dumb", **(extra or {})}


class Origin:
    """The origin program, from the opening of the `with` to its end."""

    def __init__(self, *arguments):
        self._folder = tempfile.mkdtemp(prefix="origin-")
        self.ca = os.path.join(self._folder, "ca.pem")
        command = [ORIGIN, "--ca_out", self.ca, "--dns_wildcard", "hosts.test=127.0.0.1"]
        self._process = subprocess.Popen([*command, *map(str, arguments)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        ports = json.loads(self._process.stdout.readline())
        self.port, self.tls_port, self.dns_port = (
            ports["port"], ports["tls_port"], ports["dns_port"])
        self.refusing_port, self.silent_port = ports["refusing_port"], ports["silent_port"]
        self.dns = ("--dns_servers", f"127.0.0.1:{self.dns_port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def tls_url(self, path, host="localhost.hosts.test"):
        return f"https://{host}:{self.tls_port}{path}"

    def images(self, count, first=0, size=24):
        """URLs of `count` different pictures."""
        return [self.url(f"/img/{size}/{size}/{first + i}.jpg") for i in range(count)]

    def get(self, path):
        with self._open(urllib.request.Request(self.url(path))) as answer:
            return answer.read()

    def put(self, path, body):
        """Gives a path a body of its own."""
        with self._open(urllib.request.Request(self.url(path), data=body, method="PUT")):
            pass

    def ledger(self, clear=False):
        """What the origin saw: connections, requests, max_simultaneous by host. Its own control
        requests are left out."""
        seen = json.loads(self.get("/__ledger" + ("?clear=1" if clear else "")))
        seen["requests"] = [r for r in seen["requests"]
                            if not r["path"].startswith("/__") and r["method"] != "PUT"]
        return seen

    def requests_to(self, path):
        return [r for r in self.ledger()["requests"] if r["path"] == path]

    @staticmethod
    def _open(request):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(request, timeout=10)


class Finished:
    """A process that has ended: code (negative: the signal), stdout, stderr, seconds, peak bytes."""

    def __init__(self, code, stdout, stderr, seconds, peak_bytes):
        self.code, self.stdout, self.stderr = code, stdout, stderr
        self.seconds, self.peak_bytes = seconds, peak_bytes

    def __str__(self):
        return f"exit {self.code}\n--- out\n{self.stdout}\n--- err\n{self.stderr}"


class Running:
    """pixhaul in the background."""

    def __init__(self, arguments, cwd, stdin=None, env=None, preexec=None, binary=PIXHAUL):
        self._out = tempfile.TemporaryFile()
        self._err = tempfile.TemporaryFile()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [binary, *map(str, arguments)], cwd=cwd, env=clean_environment(env),
            stdin=subprocess.DEVNULL if stdin is None else stdin, stdout=self._out,
            stderr=self._err, preexec_fn=preexec)

    def send(self, number):
        os.kill(self.process.pid, number)  # no poll: the end is finish()'s to collect

    def finish(self, timeout=30):
        """Waits for its end; one that overstays is killed and fails the test."""
        guard = threading.Timer(timeout, self.process.kill)
        guard.start()
        _, status, usage = os.wait4(self.process.pid, 0)
        overstayed = not guard.is_alive()
        guard.cancel()
        seconds = time.monotonic() - self.started
        code = os.waitstatus_to_exitcode(status)
        self.process.returncode = code
        done = Finished(code, self._text(self._out), self._text(self._err), seconds,
                        usage.ru_maxrss * 1024)
        if overstayed:
            raise AssertionError(f"did not end within {timeout} s: {done}")
        return done

    def stderr_so_far(self):
        return os.pread(self._err.fileno(), 1 << 20, 0).decode(errors="replace")

    @staticmethod
    def _text(file):
        with file:
            file.seek(0)
            return file.read().decode(errors="replace")


class Case(unittest.TestCase):
    """One origin for the class, one empty folder for each test."""

    origin_arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.origin = Origin(*cls.origin_arguments)
        cls.addClassCleanup(cls.origin.close)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pixhaul-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    # ---- arrange

    def write_list(self, urls, name="urls.txt"):
        (self.folder / name).write_text("".join(url + "\n" for url in urls))
        return name

    # ---- act

    def start(self, *arguments, stdin=None, env=None, preexec=None):
        return Running(arguments, self.folder, stdin, env, preexec)

    def command(self, *arguments, stdin=None, env=None, preexec=None, timeout=30):
        """pixhaul as it is, in the test's folder."""
        if isinstance(stdin, bytes):
            with tempfile.TemporaryFile() as file:
                file.write(stdin)
                file.seek(0)
                return self.start(*arguments, stdin=file, env=env, preexec=preexec).finish(timeout)
        return self.start(*arguments, stdin=stdin, env=env, preexec=preexec).finish(timeout)

    def download(self, *arguments, expect=0, **settings):
        """A run that may contact loopback addresses and must end with `expect`."""
        done = self.command(*arguments, *LOOPBACK, **settings)
        self.assertEqual(done.code, expect, str(done))
        return done

    # ---- assert

    def rows(self, output="images"):
        """Every row of the finished shards, in order."""
        rows = []
        for file in sorted((self.folder / output).glob("*.jsonl")):
            rows += [json.loads(line) for line in file.read_text().splitlines()]
        return rows

    def statuses(self, output="images"):
        return [row["status"] for row in self.rows(output)]

    def by_path(self, output="images"):
        """Row by what follows the port in its URL."""
        return {re.sub(r"^\w+://[^/]*", "", row["url"]): row for row in self.rows(output)}

    def verify(self, urls, output="images", keeps_images=True, shard_size=10_000):
        """The promises of every finished run: each row of the list has one status row, in order;
        each success is a whole file of the recorded size and digest; nothing else lies there."""
        digits = len(str(shard_size - 1))
        rows = self.rows(output)
        self.assertEqual([row["url"] for row in rows], list(urls))
        self.assertEqual([row["key"] for row in rows],
                         [f"{i // shard_size:05d}{i % shard_size:0{digits}d}"
                          for i in range(len(rows))])
        expected = {file.name for file in (self.folder / output).glob("[0-9]*.jsonl")}
        expected |= {name.replace(".jsonl", "_stats.json") for name in expected}
        for row in rows:
            self.assertEqual(row["status"] == "success" and keeps_images, row["path"] is not None,
                             row)
            if row["path"] is not None:
                expected.add(row["path"])
                self._verify_file(row, self.folder / output / row["path"])
        if any(row["status"] not in ("success", "robots_txt", "opt_out") for row in rows):
            expected.add("failed.txt")
        self.assertEqual(self.files(output), expected)
        self._verify_state(self.folder / output / ".pixhaul")
        return rows

    def files(self, output="images"):
        """Every file of a run's folder but its own state."""
        top = self.folder / output
        return {str(path.relative_to(top)) for path in top.rglob("*")
                if path.is_file() and ".pixhaul" not in path.parts}

    def _verify_file(self, row, path):
        data = path.read_bytes()
        self.assertEqual(len(data), row["bytes"], row)
        for name in ("sha256", "sha512", "md5"):
            if row.get(name):
                self.assertEqual(hashlib.new(name, data).hexdigest(), row[name], row)

    def _verify_state(self, state):
        for name in ("columns", "commit", "spool"):
            self.assertEqual(list((state / name).iterdir()), [], f"left in .pixhaul/{name}")
        left = {path.name for path in state.iterdir()} - {"failed.parquet"}  # where a dataset has failures
        self.assertEqual(left, {"lock", "manifest.json", "columns", "commit", "parts", "rows",
                                "shards", "spool"})

    def outcome(self, output="images"):
        """What an interrupted and an uninterrupted run must agree on."""
        return [(row["key"], row["url"], row["status"], row["path"], row["sha256"])
                for row in self.rows(output)]


def wait_until(is_true, what, seconds=10):
    """Polls: the only way to see another process's progress from outside."""
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)
