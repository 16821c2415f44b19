"""The clients of the pipeline benchmark: how each is told to do the same work, and how many images it says it made."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PEER_SCRIPTS = Path(__file__).resolve().parent.parent / "peers"


@dataclass(frozen=True)
class Task:
    """What a client is to do, whatever its options are called.

    Attributes:
        work: `resize` (border 256, quality 95, sha256, EXIF) or `originals` (bytes as served, sha256).
        urls: The list: parquet with one column, `url`.
        folder: Where the dataset goes; not there yet.
        connections: Requests at once.
    """

    work: str
    urls: Path
    folder: Path
    connections: int


@dataclass(frozen=True)
class Programs:
    """Where the clients are; the virtual environments only of those that take part."""

    pixhaul: Path
    pythons: dict[str, Path]


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes:
        name: As in the tables.
        command: Makes the command line.
        done: Returns how many images it made, from its task and its output.
    """

    name: str
    command: Callable[[Task, Programs], list[str]]
    done: Callable[[Task, str], int]


def pixhaul_command(program: Path, task: Task, *extra: str) -> list[str]:
    """Returns pixhaul's command; `extra` takes the place of the options it names, an empty value leaves one out."""
    many = str(task.connections)
    options = {
        "--output_folder": str(task.folder),
        "--output_format": "webdataset",
        "--compute_hash": "sha256",
        "--concurrency": many,
        "--host_concurrency": many,
        "--address_concurrency": many,
        "--http_version": "1.1",
        "--allow_net": "127.0.0.0/8",
        "--progress": "none",
    }
    if task.work == "resize":
        options |= {"--resize_mode": "border", "--image_size": "256", "--encode_quality": "95", "--extract_exif": "true"}
    else:
        options |= {"--validate": "none", "--extract_exif": "false"}
    options |= {extra[at]: extra[at + 1] for at in range(0, len(extra), 2)}
    return [str(program), str(task.urls), *(f"{name}={value}" for name, value in options.items() if value)]


def img2dataset_options(task: Task, **changed: object) -> dict[str, object]:
    """Returns the arguments of img2dataset.download for a task."""
    options: dict[str, object] = {
        "url_list": str(task.urls), "input_format": "parquet", "url_col": "url", "output_folder": str(task.folder),
        "output_format": "webdataset", "compute_hash": "sha256", "processes_count": 1, "thread_count": task.connections,
        "enable_wandb": False,
    }
    if task.work == "resize":
        options |= {"resize_mode": "border", "image_size": 256, "encode_quality": 95, "extract_exif": True}
    else:
        options |= {"disable_all_reencoding": True, "extract_exif": False}
    return options | changed


def _pixhaul(task: Task, programs: Programs) -> list[str]:
    return pixhaul_command(programs.pixhaul, task)


def _img2dataset(task: Task, programs: Programs) -> list[str]:
    program = programs.pythons["img2dataset"].parent / "img2dataset"
    return [str(program), *(f"--{name}={value}" for name, value in img2dataset_options(task).items())]


def _daft(task: Task, programs: Programs) -> list[str]:
    return [str(programs.pythons["daft"]), str(PEER_SCRIPTS / "daft_client.py"), str(task.urls), str(task.connections),
            str(task.folder), task.work]


def successes(folder: Path) -> int:
    """Returns the successes that the shards' statistics add up to; pixhaul writes the same files as img2dataset."""
    return sum(int(json.loads(path.read_text())["successes"]) for path in folder.glob("*_stats.json"))


def _by_statistics(task: Task, _output: str) -> int:
    return successes(task.folder)


def _last_number(_task: Task, output: str) -> int:
    found = re.search(r"(\d+)\s*$", output)
    return int(found[1]) if found else 0


CLIENTS = {
    client.name: client
    for client in (
        Client("pixhaul", _pixhaul, _by_statistics),
        Client("img2dataset", _img2dataset, _by_statistics),
        Client("daft", _daft, _last_number),
    )
}


def environment(ca_file: Path) -> dict[str, str]:
    """Returns the variables that every client gets.

    Args:
        ca_file: The authorities to trust: the system's and our own, so that each reads as many as it would on the web.
    """
    # albumentations asks a registry for its newest version unless told not to; Daft reports its use.
    return {"SSL_CERT_FILE": str(ca_file), "NO_ALBUMENTATIONS_UPDATE": "1", "DAFT_ANALYTICS_ENABLED": "0", "DO_NOT_TRACK": "true",
            "DAFT_PROGRESS_BAR": "0", "WANDB_MODE": "disabled"}
