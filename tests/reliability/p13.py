"""P13: a signal ends a run cleanly: drained, committed, the right exit code, resumable, within 6 s."""

import random
import signal
import time

from rig import Bench, Figure, count


def measure(signals=None):
    signals = signals or count(20, 200)
    dice = random.Random(13)
    wrong, slowest, ended_first = [], 0.0, 0
    with Bench("--delay_ms", "15") as bench:
        urls = [bench.origin.url(f"/img/16/16/{i}.jpg" if i % 50 else "/stall/body", f"h{i % 4}.hosts.test")
                for i in range(400)]
        bench.write_list(urls)
        common = ("urls.txt", "--number_sample_per_shard", "40", "--progress", "none", "--deadline", "3s", "--retries", "0")
        for number in range(signals):
            output = f"out{number // 3}"
            running = bench.start(*common, "-o", output)
            time.sleep(dice.uniform(0.05, 1.2))
            sent, second = dice.choice((signal.SIGINT, signal.SIGTERM)), number % 5 == 0
            at = time.monotonic()
            running.send(sent)
            if second:
                time.sleep(0.05)
                try:
                    running.send(sent)
                except ProcessLookupError:
                    pass
            done = running.finish(20)
            took = time.monotonic() - at
            slowest = max(slowest, took)
            codes = {7, 1, 130, 143, -sent} if second else {7, 1}
            ended_first += done.code == 1
            if done.code not in codes or took > 6:
                wrong.append(f"{number}: exit {done.code} after {took:.1f} s")
            if number % 3 == 2:
                done = bench.run(*common, "-o", output)
                code, said = bench.verify("urls.txt", output=output, deadline=3)
                if code != 0 or done.code != 1:
                    wrong.append(f"{output}: {done}\n{said}")
    return Figure(f"{signals - len(wrong)} of {signals} signals end well, the slowest after {slowest:.1f} s "
                  f"({ended_first} came too late)", "200 of 200, 6 s", not wrong, "\n".join(wrong[:5]))


if __name__ == "__main__":
    print(measure(6))
