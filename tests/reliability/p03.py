"""P3: a shard that was reported as done survives a power cut at any later instant.

Real cuts: ext4 on a loop device, shut down without flushing its log while a run writes to it, then mounted again and
read. Simulated ones: the disk of the simulation forgets what was not synced. Without the right to mount, or with
`SKIP_MOUNT=1`, the real ones are not measured and the promise fails: it is not to be believed by half."""

import contextlib
import fcntl
import json
import os
import pathlib
import random
import re
import signal
import struct
import subprocess
import tempfile
import time

from rig import BUILD, Bench, Figure, count, run_test

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2


class Disk:
    """An ext4 file system in a file, whose power can be cut."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pixhaul-power-"))
        self.image, self.mount_point = self.folder / "disk", self.folder / "mnt"
        self.mount_point.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(96 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.mount_point], check=True)

    def cut(self):
        top = os.open(self.mount_point, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(top, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(top)

    def unmount(self):
        for _ in range(50):
            if subprocess.run(["umount", self.mount_point], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise OSError("cannot unmount")

    def close(self):
        subprocess.run(["umount", "-l", self.mount_point], capture_output=True)
        subprocess.run(["rm", "-rf", self.folder])


def visible(top):
    """Shards that show their stats, with their stats' text."""
    shards = {}
    for path in sorted(top.glob("[0-9]*_stats.json")):
        with contextlib.suppress(OSError):
            shards[path.name] = path.read_text()
    return shards


def reported(top):
    """Those of them that are done for good: the decision of a commit is removed behind its last sync."""
    shards = visible(top)
    under_way = {path.name.split(".")[0] for path in (top / ".pixhaul/commit").glob("*.json")}
    return {name: text for name, text in shards.items() if name.split("_")[0] not in under_way}


def damage(top, before):
    """What is wrong with the shards that were done before the cut, and with those that are seen now."""
    wrong = []
    now = visible(top)
    wrong += [f"{name} is gone" for name, text in before.items() if now.get(name) != text]
    for name, text in now.items():
        try:
            files = json.loads(text)["pixhaul"]["files"]
        except (ValueError, KeyError):
            wrong.append(f"{name} is torn")
            continue
        for file in files:
            path = top / file["name"]
            if not path.exists() or path.stat().st_size != file["bytes"]:
                wrong.append(f"{file['name']} is not whole")
    return wrong


def real_cuts(wanted):
    dice = random.Random(3)
    wrong, cuts, watched = [], 0, 0
    with Bench("--delay_ms", "1") as bench:
        urls = bench.origin.images(400, size=16)
        bench.write_list(urls)
        disk = Disk()
        try:
            output = disk.mount_point / "out"
            while cuts < wanted:
                subprocess.run(["rm", "-rf", output])
                for _ in range(4):  # cuts in one life of the folder
                    running = bench.start("urls.txt", "-o", output, "--output_format", "webdataset", "--metadata",
                                          "jsonl", "--number_sample_per_shard", "20", "--progress", "none")
                    time.sleep(dice.uniform(0.01, 0.35))
                    before = reported(output)
                    watched += len(before)
                    disk.cut()
                    running.send(signal.SIGKILL)
                    running.finish()
                    disk.unmount()
                    disk.mount()
                    wrong += damage(output, before)
                    cuts += 1
                done = bench.run("urls.txt", "-o", output, "--output_format", "webdataset", "--metadata", "jsonl",
                                 "--number_sample_per_shard", "20", "--progress", "none")
                if done.code != 0:
                    wrong.append(str(done))
                code, said = bench.verify("urls.txt", output=output)
                if code != 0:
                    wrong.append(said)
        finally:
            disk.close()
    return cuts, wrong, watched


def simulated_cuts(wanted):
    seeds = wanted * 8 // 5  # at two in three seeds the power goes
    report = BUILD / "power.json"
    passed, said = run_test("tests/simulation/simulation_simulation_test", "--gtest_filter=*NoSeed*",
                            f"--gtest_output=json:{report}", env={"PIXHAUL_SEEDS": str(seeds)})
    found = re.search(r'"power_cuts": "(\d+)"', report.read_text())
    return int(found[1]) if found else 0, passed, said


def measure():
    if os.environ.get("SKIP_MOUNT"):
        cuts, wrong, watched = 0, ["SKIP_MOUNT is set"], 0
    else:
        cuts, wrong, watched = real_cuts(count(20, 200))
    simulated, passed, said = simulated_cuts(count(1_000, 10_000))
    enough = cuts >= count(20, 200) and simulated >= count(900, 10_000)
    return Figure(f"{len(wrong)} violations in {cuts} real cuts over {watched:,} shards done, {'0' if passed else 'some'} in {simulated:,} simulated",
                  "0 in 200 real and 10,000 simulated", enough and passed and not wrong,
                  "\n".join(map(str, wrong[:20])) + said)


if __name__ == "__main__":
    print(real_cuts(12))
