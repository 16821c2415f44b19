"""P11: a good neighbour: bounded requests in flight, Retry-After obeyed, few refusals, few requests in all."""

import collections
import json

from rig import Bench, Figure, count

RATE = 5


def measure(rows=None):
    rows = rows or count(300, 1_000)
    with Bench("--delay_ms", "20") as bench:
        urls = [bench.origin.url(f"/limited/{i}.jpg?rate={RATE}&key=a", "slow.hosts.test") for i in range(rows)]
        urls += [bench.origin.url(f"/img/9/9/{i}.jpg", "quick.hosts.test") for i in range(rows)]
        bench.write_list(urls)
        done = bench.run("urls.txt", "--file_names", "key", "--host_concurrency", "4", "--progress", "none", timeout=590)
        seen = bench.origin.ledger()
        of_path = collections.Counter(request["status"] for request in seen["requests"]
                                      if request["path"].startswith("/limited/"))
        # In steady state: the first half of the time is for finding the pace.
        limited = sorted((request for request in seen["requests"] if request["path"].startswith("/limited/")),
                         key=lambda request: request["read_at_ms"])
        later = limited[len(limited) // 2:]
        refused = sum(request["status"] == 429 for request in later) / max(1, len(later))
        most = max(seen["max_simultaneous"].get(f"{host}.hosts.test:{bench.origin.port}", 0) for host in ("slow", "quick"))
        statuses = collections.Counter(json.loads(line)["status"]
                                       for path in (bench.folder / "images").glob("*.jsonl")
                                       for line in path.read_text().splitlines())
        code, said = bench.verify("urls.txt", host_concurrency=4)
        all_requests = len(seen["requests"])
        return Figure(f"{statuses['success']:,} of {2 * rows:,} successes, {refused:.1%} refused by an origin of {RATE} a "
                      f"second, {all_requests / (2 * rows):.3f} requests a URL, at most {most} at once of 4",
                      "all successes, 5 % refused, 1.1 requests a URL, 4 at once",
                      done.code == 0 and code == 0 and statuses["success"] == 2 * rows and refused <= 0.05 and
                      all_requests <= 1.1 * 2 * rows and most <= 4, f"{done}\n{said}\n{of_path}")


if __name__ == "__main__":
    print(measure(60))
