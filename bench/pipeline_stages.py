"""Where the time of one image goes: pixhaul with one thing more switched on at each step, beside that stage's own limit.

A stage's cost is the difference between two commands, so nothing needs to be instrumented. The limits come from
bench/floors: the unavoidable part of the stage alone, over the same files.
"""

import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_cases import Place
from support import measure, setup
from support.dataset_peers import pixhaul_command

_SOURCE = Path(__file__).resolve().parent / "floors" / "floors.cpp"
_IMAGES, _HEAVY_IMAGES = 15_000, 3_000
_PLAIN = ("--output_format", "dummy", "--compute_hash", "none", "--validate", "none")
_TAR = ("--output_format", "webdataset", "--compute_hash", "none")


@dataclass(frozen=True)
class Step:
    """A command that does one thing more than another.

    Attributes:
        name: What is added.
        after: The step it is added to; empty for the first.
        transport: `plain` or `tls`.
        work: As in Task.
        options: What takes the place of the task's options.
        floor: The limits, of bench/floors, that its own cost is held against.
        images: How many images a run.
    """

    name: str
    after: str
    transport: str
    work: str
    options: tuple[str, ...]
    floor: tuple[str, ...]
    images: int = _IMAGES


STEPS = [
    Step("fetch (rows only)", "", "plain", "originals", _PLAIN, ("memcpy",)),
    Step("TLS", "fetch (rows only)", "tls", "originals", _PLAIN, ("aes_gcm",)),
    Step("sha256", "fetch (rows only)", "plain", "originals", (*_PLAIN, "--compute_hash", "sha256"), ("sha256",)),
    Step("walk the container", "fetch (rows only)", "plain", "originals", (*_PLAIN, "--validate", "structure"), ("marker_walk",)),
    Step("decode to check", "fetch (rows only)", "plain", "originals", (*_PLAIN, "--validate", "decode"), ("entropy_decode",),
         _HEAVY_IMAGES),
    Step("originals into a tar", "fetch (rows only)", "plain", "originals", _TAR, ("write",)),
    Step("decode, resize, encode, tar", "fetch (rows only)", "plain", "resize", (*_TAR, "--extract_exif", "false"),
         ("entropy_decode", "encode_256"), _HEAVY_IMAGES),
    Step("EXIF text", "decode, resize, encode, tar", "plain", "resize", _TAR, (), _HEAVY_IMAGES),
]


def build_floors(build: Path) -> Path:
    """Compiles bench/floors unless the program is newer than its source, and returns it."""
    program = build / "floors"
    if not program.exists() or program.stat().st_mtime < _SOURCE.stat().st_mtime:
        build.mkdir(parents=True, exist_ok=True)
        subprocess.run(["g++", "-O2", "-std=c++20", "-o", str(program), str(_SOURCE), "-ljpeg", "-lcrypto"], check=True)
    return program


def floors(place: Place, rounds: int) -> dict[str, float]:
    """Returns the microseconds of CPU an image that each limit takes."""
    folder = place.shelf.fresh(round(place.image_bytes * 400))
    done = subprocess.run(
        ["taskset", "-c", str(place.client_cpu), str(build_floors(setup.BUILD)), str(place.root / "photos"),
         str(folder / "scratch"), str(max(3, rounds))], capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in (line.split() for line in done.stdout.splitlines())}


def _cost(place: Place, step: Step) -> float:
    """Returns the CPU microseconds an image of one run of a step."""
    count = step.images // (20 if place.quick else 1)
    task = place.task(step.work, step.transport, count)
    command = pixhaul_command(place.programs.pixhaul, task, *step.options)
    run = measure.run(command, place.client_cpu, place.origin.worker_pids(), folder=task.folder.parent, environment=place.variables)
    if run.exit_code != 0:
        raise RuntimeError(f"pixhaul failed at '{step.name}': {run.output[-800:]}")
    return run.cpu_seconds / count * 1e6


def run(place: Place, rounds: int) -> dict[str, Any]:
    """Measures all steps, interleaved, and the limits.

    A step that this pixhaul cannot do yet is left out, loudly.

    Returns:
        The limits, and for each step its runs.
    """
    found: dict[str, list[float]] = {step.name: [] for step in STEPS}
    missing: dict[str, str] = {}
    for number in range(rounds + 1):
        for step in STEPS if number % 2 == 0 else reversed(STEPS):
            if step.name in missing:
                continue
            try:
                cost = _cost(place, step)
            except RuntimeError as error:
                missing[step.name] = str(error)
                print(f"stages         {step.name:28} FAILED {error}", flush=True)
                continue
            print(f"stages         {step.name:28} {cost:9.1f} us an image", flush=True)
            if number > 0:
                found[step.name].append(cost)
    limits = floors(place, rounds)
    steps = [
        {"name": step.name, "after": step.after, "cpu_us": found[step.name], "floor": list(step.floor),
         "own_us": _own(found, step), "floor_us": sum(limits[name] for name in step.floor) if step.floor else None}
        for step in STEPS
    ]
    return {"floors_us": limits, "steps": steps, "missing": missing}


def _own(found: dict[str, list[float]], step: Step) -> float | None:
    """Returns what a step adds: its median less that of the step it was added to; None when either is missing."""
    if not found[step.name] or (step.after and not found[step.after]):
        return None
    return statistics.median(found[step.name]) - (statistics.median(found[step.after]) if step.after else 0.0)
