"""P6: every attempt ends by its deadline, and a run is not held up beyond its worst host's own queue."""

import re
import time

from faults import SLOW, url_of
from rig import Bench, Figure, count

DEADLINE = 3


def measure(total=None):
    total = total or count(5_000, 100_000)
    with Bench() as bench:
        faults = [fault for fault in SLOW if fault.face == "plain"]
        urls = []
        for number in range(total):
            host = f"h{number % 400}.hosts.test"
            # Half of a tarpit's connections trickle, stall in the head, the body or before any byte.
            urls.append(url_of(bench.origin, faults[number % len(faults)], number, f"t{number % 400}.hosts.test")
                        if number % 5 == 0 else bench.origin.url(f"/img/8/8/{number % 99}.jpg", host))
        bench.write_list(urls)
        began = time.monotonic()
        done = bench.run("urls.txt", "--deadline", f"{DEADLINE}s", "--first_byte_timeout", "2s", "--retries", "0", "--file_names", "key",
                         "--concurrency", "1024", "--address_concurrency", "2048",
                         "--progress", "none", timeout=580)
        took = time.monotonic() - began
        worst_queue = -(-total // 5 // 400 // 6) * DEADLINE
        code, said = bench.verify("urls.txt", deadline=DEADLINE)
        slowest = re.search(r"slowest attempt ([\d.]+)", said)
        ideal = total / 2_000
        bound = ideal + worst_queue + DEADLINE + 5
        return Figure(f"slowest attempt {slowest[1] if slowest else '?'} s of {DEADLINE} s over {total:,} URLs; the run "
                      f"{took:.0f} s", f"deadline + 1 s; the run {bound:.0f} s",
                      done.code == 1 and code == 0 and took <= bound, f"{done}\n{said}")


if __name__ == "__main__":
    print(measure(1000))
