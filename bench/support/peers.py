"""The clients of the engine benchmark: which cells each can do, how many requests it gets, and its command line.

A command is equal work: the same URLs, the same number at once, no hashing, no checking of content, the certificate
verified (wrk and h2load cannot), one file an image or none.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PEER_SCRIPTS = Path(__file__).resolve().parent.parent / "peers"


@dataclass(frozen=True)
class Cell:
    """What is measured: body, transport (`plain`, `tls`, `h2`), requests at once, and `memory` or `files`."""

    body: str
    transport: str
    connections: int
    sink: str

    @property
    def key(self) -> str:
        """The cell's name in the results."""
        return f"{self.body}/{self.transport}/{self.connections}/{self.sink}"


@dataclass(frozen=True)
class Job:
    """One run's input.

    Attributes:
        cell: The cell.
        urls: List of URLs, one a line.
        paths: The same without scheme and host, for wrk.
        base: scheme://host:port.
        count: How many requests.
        folder: Where files go; empty and new.
        ca_file: Certificate to trust.
        seconds: How long wrk runs, which counts time and not requests.
    """

    cell: Cell
    urls: Path
    paths: Path
    base: str
    count: int
    folder: Path
    ca_file: Path
    seconds: int


@dataclass(frozen=True)
class Tools:
    """Where programs are that are not in PATH."""

    pixhaul: Path
    python: Path


@dataclass(frozen=True)
class Peer:
    """A client.

    Attributes:
        name: As in the tables.
        transports: Which it speaks.
        sinks: Where it can put bodies.
        share: Its requests as a share of the fast clients'; the slow ones get fewer.
        command: Makes the command line.
        done: Reads the number of requests done from the output; None when it does not say.
    """

    name: str
    transports: tuple[str, ...]
    sinks: tuple[str, ...]
    share: float
    command: Callable[[Job, Tools], list[str]]
    done: Callable[[str], int] | None = None

    def can(self, cell: Cell) -> bool:
        """Returns whether the client can do `cell`."""
        return cell.transport in self.transports and cell.sink in self.sinks


def _pixhaul(*extra: str) -> Callable[[Job, Tools], list[str]]:
    """Returns the maker of pixhaul's command; `extra` takes the place of the options it names."""
    changed = {extra[i]: extra[i + 1] for i in range(0, len(extra), 2)}

    def command(job: Job, tools: Tools) -> list[str]:
        many = str(job.cell.connections)
        options = {
            "-o": str(job.folder),
            "--output_format": "files" if job.cell.sink == "files" else "dummy",
            "--validate": "none",
            "--compute_hash": "none",
            "--concurrency": many,
            "--host_concurrency": many,
            "--address_concurrency": many,
            "--http_version": "2" if job.cell.transport == "h2" else "1.1",
            "--allow_net": "127.0.0.0/8",
            "--progress": "none",
            **({} if job.cell.transport == "plain" else {"--ca_file": str(job.ca_file)}),
            **changed,
        }
        return [str(tools.pixhaul), str(job.urls), *(word for pair in options.items() for word in pair)]

    return command


def _wrk(job: Job, _: Tools) -> list[str]:
    return ["wrk", "-t1", f"-c{job.cell.connections}", f"-d{job.seconds}s", "-s", str(PEER_SCRIPTS / "cycle.lua"),
            job.base, "--", str(job.paths)]


def _h2load(job: Job, _: Tools) -> list[str]:
    # HTTP/2: one connection with all streams, which is what pixhaul opens to one host.
    many = str(job.cell.connections)
    shape = ["-c", "1", "-m", many] if job.cell.transport == "h2" else ["--h1", "-c", many, "-m", "1"]
    return ["h2load", "-n", str(job.count), *shape, "-i", str(job.urls)]


def _curl(job: Job, _: Tools) -> list[str]:
    # The list with an output for each is written outside the timed run.
    config = job.urls.with_suffix(f".{job.cell.sink}.curl")
    folder = job.folder
    with config.open("w") as out:
        for number, url in enumerate(job.urls.read_text().split()):
            target = folder / f"{number}.jpg" if job.cell.sink == "files" else "/dev/null"
            out.write(f'url="{url}"\noutput="{target}"\n')
    version = "--http2" if job.cell.transport == "h2" else "--http1.1"
    return ["curl", "-q", "-s", version, "--cacert", str(job.ca_file), "--parallel", "--parallel-max",
            str(job.cell.connections), "-K", str(config)]


def _wget2(job: Job, _: Tools) -> list[str]:
    return ["wget2", "--no-config", "-q", f"--max-threads={job.cell.connections}", "--no-robots", "--tries=1",
            f"--http2={'on' if job.cell.transport == 'h2' else 'off'}", f"--ca-certificate={job.ca_file}",
            "-i", str(job.urls), "-P", str(job.folder)]


def _aria2(job: Job, _: Tools) -> list[str]:
    listed = job.urls.with_suffix(".aria2")
    urls = job.urls.read_text().split()
    listed.write_text("".join(f"{url}\n  out={number}.jpg\n" for number, url in enumerate(urls)))
    return ["aria2c", "--no-conf", "-q", f"-j{job.cell.connections}", "-x1", "-s1", "--file-allocation=none",
            f"--ca-certificate={job.ca_file}", "-i", str(listed), "-d", str(job.folder)]


def _script(name: str, *mode: str) -> Callable[[Job, Tools], list[str]]:
    def command(job: Job, tools: Tools) -> list[str]:
        sink = str(job.folder) if job.cell.sink == "files" else "memory"
        trust = [] if job.cell.transport == "plain" else [str(job.ca_file)]
        return [str(tools.python), str(PEER_SCRIPTS / name), str(job.urls), str(job.cell.connections), sink, *mode, *trust]

    return command


def _after(pattern: str) -> Callable[[str], int]:
    def done(output: str) -> int:
        found = re.search(pattern, output)
        return int(found.group(1)) if found else 0

    return done


_ALL = ("plain", "tls", "h2")
_HTTP1 = ("plain", "tls")
_BOTH = ("memory", "files")
_LAST_NUMBER = _after(r"(\d+)\s*$")

PEERS = [
    Peer("pixhaul", _ALL, _BOTH, 1.0, _pixhaul()),
    Peer("pixhaul, sha256", _ALL, _BOTH, 1.0, _pixhaul("--compute_hash", "sha256")),
    Peer("pixhaul, validate structure", _ALL, _BOTH, 1.0, _pixhaul("--validate", "structure")),
    Peer("pixhaul, stream", _ALL, ("files",), 1.0, _pixhaul("--body", "stream")),
    Peer("wrk", _HTTP1, ("memory",), 1.0, _wrk, _after(r"(\d+) requests in")),
    Peer("h2load", _ALL, ("memory",), 1.0, _h2load, _after(r"(\d+) succeeded")),
    Peer("curl --parallel", _ALL, _BOTH, 1.0, _curl),
    Peer("wget2", _ALL, ("files",), 0.2, _wget2),
    Peer("aria2c", _HTTP1, ("files",), 0.01, _aria2),
    Peer("aiohttp", _HTTP1, _BOTH, 0.06, _script("aiohttp_client.py"), _LAST_NUMBER),
    Peer("requests, Session", _HTTP1, _BOTH, 0.02, _script("requests_client.py", "session"), _LAST_NUMBER),
    Peer("requests, no Session", _HTTP1, _BOTH, 0.004, _script("requests_client.py", "none"), _LAST_NUMBER),
]
