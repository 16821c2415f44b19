"""P6: every attempt ends by its deadline, and a run is not held up beyond its worst host's own queue."""

import re
import time

from faults import SLOW, url_of
from rig import Bench, Figure, count

DEADLINE = 3
CONCURRENCY = 1024
ROWS_OF_A_TARPIT = 4
# A host that answers nothing in time is asked one request at a time, after the two it began with.
CAP_OF_A_TARPIT = 1


def measure(total=None):
    total = total or count(5_000, 100_000)
    with Bench() as bench:
        faults = [fault for fault in SLOW if fault.face == "plain"]
        tarpits = -(-total // 5 // ROWS_OF_A_TARPIT)
        urls = []
        for number in range(total):
            # A fifth trickles, stalls in the head, in the body or before any byte, for ever.
            slow = faults[number // 5 % len(faults)]
            urls.append(bench.origin.url(f"/img/8/8/{number % 99}.jpg", f"h{number % 400}.hosts.test") if number % 5 else
                        url_of(bench.origin, slow, number, f"t{number // 5 % tarpits}.hosts.test"))
        bench.write_list(urls)
        began = time.monotonic()
        done = bench.run("urls.txt", "--deadline", f"{DEADLINE}s", "--first_byte_timeout", "2s", "--retries", "0",
                         "--file_names", "key", "--concurrency", str(CONCURRENCY), "--address_concurrency",
                         str(2 * CONCURRENCY), "--progress", "none", timeout=580)
        took = time.monotonic() - began
        code, said = bench.verify("urls.txt", deadline=DEADLINE)
        slowest = re.search(r"slowest attempt ([\d.]+)", said)
        ideal = total / 2_000 + total / 5 * DEADLINE / CONCURRENCY
        bound = ideal + ROWS_OF_A_TARPIT * DEADLINE / CAP_OF_A_TARPIT + 5
        return Figure(f"slowest attempt {slowest[1] if slowest else '?'} s of {DEADLINE} s over {total:,} URLs, "
                      f"{total // 5:,} of them on {tarpits:,} tarpits; the run {took:.0f} s",
                      f"deadline + 1 s; the run {bound:.0f} s",
                      done.code == 1 and code == 0 and took <= bound, f"{done}\n{said}")


if __name__ == "__main__":
    print(measure(1000))
