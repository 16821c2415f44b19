"""P14: retry-proof on clusters: tasks run several times, at once, and are killed anywhere; each shard is there once."""

import hashlib
import random
import signal
import time

from rig import Bench, Figure, count

WORKERS = 4


def digests(top):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in top.glob("[0-9]*.tar")}


def measure(shards=None):
    shards = shards or count(100, 1_000)
    dice = random.Random(14)
    with Bench("--delay_ms", "2") as bench:
        urls = [bench.origin.url(f"/img/12/12/{i % 900}.jpg?row={i}", f"h{i % 60}.hosts.test") for i in range(shards * 5)]
        bench.write_list(urls)
        common = ("urls.txt", "--output_format", "webdataset", "--metadata", "jsonl", "--number_sample_per_shard", "5",
                  "--progress", "none", "--file_names", "key")[:-2]
        bench.run(*common, "-o", "whole")
        wanted, attempts, kills, busy = digests(bench.folder / "whole"), 0, 0, 0
        tasks = [worker for worker in range(WORKERS) for _ in range(dice.randint(2, 4))]
        for _ in range(3):
            dice.shuffle(tasks)
            running = []
            for worker in tasks:
                running.append(bench.start(*common, "-o", "out", "--worker_count", WORKERS, "--worker_index", worker))
                attempts += 1
            time.sleep(dice.uniform(0.02, 0.4))
            for task in dice.sample(running, len(running) // 2):
                try:
                    task.send(signal.SIGSTOP if dice.random() < 0.3 else signal.SIGKILL)
                    kills += 1
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
            for task in running:
                try:
                    task.send(signal.SIGCONT)
                except ProcessLookupError:
                    pass
                busy += task.finish(120).code == 8
        for worker in range(WORKERS):
            bench.run(*common, "-o", "out", "--worker_count", WORKERS, "--worker_index", worker)
        got = digests(bench.folder / "out")
        wrong = [name for name in set(wanted) | set(got) if wanted.get(name) != got.get(name)]
        code, said = bench.verify("urls.txt", output="out")
        return Figure(f"{len(wrong)} of {len(wanted):,} shards lost, doubled or different after {attempts} attempts of "
                      f"{WORKERS} tasks, {kills} stopped or killed, {busy} refused as busy",
                      "0 of 1,000 shards × up to 4 attempts", code == 0 and not wrong and len(wanted) == shards,
                      f"{wrong[:10]}\n{said}")


if __name__ == "__main__":
    print(measure(40))
