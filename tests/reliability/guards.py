#!/usr/bin/env python3
"""That each promise fails when what guards it is taken away: a list of guards, each a few lines of the product.

    tests/reliability/guards.py [NAME…]

In a copy of the tree (build/guards) one guard is removed, what needs it is built, and the promise measured with small
counts; a promise that still passes is an error here. docs/reliability.md has the list as a table. The removal is text for
text, so a guard that was rewritten says so instead of being passed over."""

import dataclasses
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build/guards"


@dataclasses.dataclass(frozen=True)
class Guard:
    promise: str
    name: str
    file: str
    text: str
    without: str
    simulated: bool = False  # the simulation shows it, in seconds


GUARDS = [
    Guard("P1", "rows are awaited", "src/pipeline/run.cc", "if (is_empty && intake_has_ended) {", "if (is_empty) {"),
    Guard("P2", "decision before renames", "src/ledger/commit.cc",
          "if (Result<> renamed = rename_file(folders, record, record.stats); !renamed) return renamed;", "", True),
    Guard("P3", "fsync of a shard's files", "src/ledger/assembly.cc",
          "if (Result<> synced = file->sync(); !synced) return synced;", "", True),
    Guard("P4", "charge for decoding and bodies", "src/pipeline/configure.cc",
          "settings.counted_memory_bytes = rest;",
          "settings.counted_memory_bytes = std::uint64_t{1} << 40;"),
    Guard("P5", "address guard", "src/net/address_guard.cc", "Result<> AddressGuard::check(const IpAddress& address) const {",
          "Result<> AddressGuard::check(const IpAddress& address) const {\n  if (!address.text().empty()) return {};"),
    Guard("P6", "deadline", "src/pipeline/configure.cc", "fetch.deadline = ",
          "fetch.deadline = std::chrono::hours(1) + "),
    Guard("P10", "chance from the world", "src/pipeline/client.cc", "Random(opened->random_seed)",
          "Random(opened->random_seed ^ system_seed())", True),
    Guard("P8", "the container's end", "src/image/probe.cc", "Result<> Probe::finish() {", "Result<> Probe::finish() {\n  return {};"),
    Guard("P9", "rows in order of key", "src/ledger/spool.cc", "std::stable_sort(", "if (rows.empty()) std::stable_sort(",
          True),
    Guard("P13", "drain at a signal", "src/pipeline/run.cc", "if (stop.stop_requested()) {", "if (false) {"),
]


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, **more)


def copy_tree():
    COPY.mkdir(parents=True, exist_ok=True)
    files = run("git", "ls-files", cwd=ROOT, check=True).stdout.split("\n")
    for name in filter(None, files):
        source, target = ROOT / name, COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        data = source.read_bytes()
        if not target.exists() or target.read_bytes() != data:
            target.write_bytes(data)
            target.chmod(source.stat().st_mode)
    (COPY / "build").mkdir(exist_ok=True)
    if not (COPY / "build/venv").exists():
        (COPY / "build/venv").symlink_to(ROOT / "build/venv")


def check(guard):
    """None when the promise fails without its guard, else what is wrong."""
    path = COPY / guard.file
    original = path.read_text()
    if guard.text not in original:
        return "the guard is no longer there in these words"
    path.write_text(original.replace(guard.text, guard.without, 1))
    try:
        targets = ["tests/simulation/all"] if guard.simulated else ["pixhaul", "tools/origin", "net_address_guard_test"]
        built = run("ninja", "-C", "build/dev", *targets, cwd=COPY)
        if built.returncode != 0:
            return "does not build without it:\n" + built.stdout[-1500:]
        if guard.simulated:
            done = run(COPY / "build/dev/tests/simulation/simulation_simulation_test",
                       env={**os.environ, "PIXHAUL_SEEDS": "300", "PIXHAUL_REPLAYS": "20"})
        else:
            done = run(sys.executable, COPY / "tests/reliability/run.py", env={**os.environ, "ONLY": guard.promise, "FAST": "1"})
        return None if done.returncode != 0 else "still passes:\n" + done.stdout[-800:]
    finally:
        path.write_text(original)


def main():
    copy_tree()
    configured = run("cmake", "--preset", "dev", "-DPIXHAUL_WERROR=OFF", cwd=COPY)
    if configured.returncode != 0:
        sys.exit(configured.stderr)
    run("ninja", "-C", "build/dev", "tests/simulation/all", "pixhaul", "tools/origin", "net_address_guard_test", cwd=COPY)
    wanted, failed = sys.argv[1:], 0
    for guard in GUARDS:
        if wanted and guard.promise not in wanted:
            continue
        wrong = check(guard)
        failed += wrong is not None
        print(f"{guard.promise:<3} without '{guard.name}': {'fails, as it must' if wrong is None else wrong}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
