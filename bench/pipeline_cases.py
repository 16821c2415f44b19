"""The pipeline benchmark's cases in which CPU per image is compared, and the one of a hundred images. Run by pipeline.py."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import dataset_peers, measure, nginx, web_corpus
from support.dataset_peers import CLIENTS, Programs, Task
from support.folders import FolderShelf

_CONNECTIONS = 64
_FEW_IMAGES = 100
_RESIZED_BYTES = 25_000


@dataclass(frozen=True)
class Place:
    """Where and with what the cases run.

    Attributes:
        origin: nginx on loopback.
        programs: The clients.
        shelf: Where datasets go.
        scratch: A folder of this run, for lists.
        root: What nginx serves.
        variables: Environment of every client.
        image_bytes: Mean size of the pictures.
        server_cpu: Core of all that serves.
        client_cpu: Core of the clients.
        quick: Whether only the harness is tried.
    """

    origin: nginx.Origin
    programs: Programs
    shelf: FolderShelf
    scratch: Path
    root: Path
    variables: dict[str, str]
    image_bytes: float
    server_cpu: int
    client_cpu: int
    quick: bool

    def parquet(self, name: str, urls: Sequence[str]) -> Path:
        """Returns the list `name` as parquet, written now if it is not there."""
        listed = self.scratch / f"{name}.parquet"
        if not listed.exists():
            text = self.scratch / f"{name}.txt"
            text.write_text("".join(f"{url}\n" for url in urls))
            python = self.programs.pythons["img2dataset"]
            subprocess.run([str(python), str(dataset_peers.PEER_SCRIPTS / "write_list.py"), str(text), str(listed)], check=True)
        return listed

    def photographs(self, transport: str, count: int) -> Path:
        """Returns a list of `count` photographs."""
        base = self.origin.base(transport, "localhost" if transport == "tls" else "")
        return self.parquet(f"{transport}-{count}", [base + path for path in web_corpus.paths(count)])

    def task(self, work: str, transport: str, count: int) -> Task:
        """Prepares a task of `count` photographs with a fresh folder; none of it is timed."""
        each = _RESIZED_BYTES if work == "resize" else self.image_bytes + 2_000
        return Task(work, self.photographs(transport, count), self.shelf.fresh(round(count * each)) / "dataset", _CONNECTIONS)


@dataclass(frozen=True)
class Case:
    """Work over a transport, and how many images each client gets: enough that its start-up is not most of it."""

    work: str
    transport: str
    images: dict[str, int]


CASES = {
    "resize": Case("resize", "plain", {"pixhaul": 4_000, "img2dataset": 2_000, "daft": 1_500}),
    # Daft trusts only the authorities that are built into it.
    "resize-tls": Case("resize", "tls", {"pixhaul": 4_000, "img2dataset": 500}),
    "originals": Case("originals", "plain", {"pixhaul": 15_000, "img2dataset": 15_000, "daft": 8_000}),
    "originals-tls": Case("originals", "tls", {"pixhaul": 15_000, "img2dataset": 500}),
}


def run_once(place: Place, client: str, task: Task, count: int, cpu: int | None) -> measure.Run:
    """Runs a client over a task.

    Args:
        place: Where.
        client: Its name.
        task: What to do.
        count: How many images must come out.
        cpu: The core, or None for any.

    Returns:
        What it cost; raises RuntimeError when images are missing.
    """
    one = CLIENTS[client]
    run = measure.run(one.command(task, place.programs), cpu, place.origin.worker_pids(), folder=task.folder.parent,
                      environment=place.variables, timeout_seconds=900.0)
    done = one.done(task, run.output) if run.exit_code == 0 else 0
    if done != count:
        raise RuntimeError(f"{client} made {done} of {count} images, exit code {run.exit_code}: {run.output[-1500:]}")
    return run


def _few_and_many(place: Place, client: str, case: Case, count: int) -> dict[str, Any]:
    """Runs a client over a hundred images and over `count`; the difference is free of its start-up."""
    few = run_once(place, client, place.task(case.work, case.transport, _FEW_IMAGES), _FEW_IMAGES, place.client_cpu)
    many = run_once(place, client, place.task(case.work, case.transport, count), count, place.client_cpu)
    cpu = (many.cpu_seconds - few.cpu_seconds) / (count - _FEW_IMAGES)
    start = max(0.0, few.cpu_seconds - cpu * _FEW_IMAGES)
    return {"cpu_us": cpu * 1e6, "start_cpu_seconds": start, "images": count, "wall_seconds": many.wall_seconds,
            "total_cpu_us": many.cpu_seconds / count * 1e6, "rate": count / many.wall_seconds,
            "clean": few.is_clean and many.is_clean}


def throughput(place: Place, name: str, clients: Sequence[str], rounds: int) -> dict[str, Any]:
    """Measures a case: a warm-up round that is thrown away, then rounds to and fro through the clients.

    A client that fails keeps its words in the results and does not take the others with it.

    Returns:
        The case, the runs of each client, and why one failed.
    """
    case = CASES[name]
    clients = [client for client in clients if client in case.images]
    runs: dict[str, list[dict[str, Any]]] = {client: [] for client in clients}
    failures: dict[str, str] = {}
    for number in range(rounds + 1):
        for client in clients if number % 2 == 0 else reversed(clients):
            if client in failures:
                continue
            # The warm-up and a trial of the harness are a twentieth of it.
            share = 20 if number == 0 or place.quick else 1
            try:
                run = _few_and_many(place, client, case, max(2 * _FEW_IMAGES, case.images[client] // share))
            except RuntimeError as error:
                failures[client] = str(error)
                print(f"{name:14} {client:12} FAILED {error}", flush=True)
                continue
            print(f"{name:14} {client:12} {run['cpu_us']:9.0f} us an image, start {run['start_cpu_seconds']:5.2f} s, "
                  f"{run['rate']:7.0f}/s{'' if run['clean'] else ' noisy'}{'  (warm-up)' if number == 0 else ''}", flush=True)
            if number > 0:
                runs[client].append(run)
    return {"work": case.work, "transport": case.transport, "runs": runs, "failures": failures}


def small(place: Place, clients: Sequence[str], rounds: int) -> dict[str, Any]:
    """Measures the whole call for a hundred images, start to finish, on any core.

    Returns:
        Wall seconds and CPU seconds of every run.
    """
    found: dict[str, list[dict[str, float]]] = {client: [] for client in clients}
    failures: dict[str, str] = {}
    for number in range(rounds + 1):
        for client in clients if number % 2 == 0 else reversed(clients):
            if client in failures:
                continue
            try:
                run = run_once(place, client, place.task("resize", "plain", _FEW_IMAGES), _FEW_IMAGES, None)
            except RuntimeError as error:
                failures[client] = str(error)
                print(f"small          {client:12} FAILED {error}", flush=True)
                continue
            print(f"small          {client:12} {run.wall_seconds:7.3f} s", flush=True)
            if number > 0:
                found[client].append({"wall_seconds": run.wall_seconds, "cpu_seconds": run.cpu_seconds, "clean": run.is_clean})
    return {"images": _FEW_IMAGES, "runs": found, "failures": failures}
