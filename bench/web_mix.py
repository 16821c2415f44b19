"""The pipeline benchmark's web mix: 20,000 rows over 5,000 host names behind a 40 ms, 1 Gbit/s link. Run by pipeline.py.

The world: a namespace in which nginx answers on every address of 10.78.0.0/16, a name server of our own that gives each
host name one of them, names that do not exist, hosts whose packets vanish (10.79.0.0/16 leads nowhere), and a server that
falls silent in the middle of an answer. Both clients ask the same name server, check certificates, try once, and give up after
ten seconds.
"""

import json
import random
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_cases import Place
from support import dns, link, nginx, setup, watch, web_corpus
from support.certificates import make_certificates, trust_bundle
from support.dataset_peers import PEER_SCRIPTS, Task, environment, img2dataset_options, pixhaul_command, successes
from support.link import Link, LinkSettings

DOMAIN = "mix.test"
LINK = LinkSettings(rtt_ms=40.0, mbit=1000.0)
ROWS, HOSTS = 20_000, 5_000
FINAL_SHARE = 0.98
# Shares of the rows, in hundredths; the rest are photographs. Names that do not exist and dead hosts are hosts of their own.
SHARES = {"not found": 5, "no such name": 8, "forbidden": 2, "dead host": 1, "stall": 1, "broken": 2}
_FAILING = ("not found", "no such name", "forbidden", "dead host", "stall")
_HOSTS, _DEAD = "10.78.0.0", "10.79.0.0"
_BOTH_NETWORKS = "10.78.0.0/15"
_HTTPS_PORTS = (8080, 8443, 443)
_STALL_PORT = 8081
_LOCATIONS = f"""
    location /missing/ {{ return 404; }}
    location /forbidden/ {{ return 403; }}
    location /stall/ {{
      proxy_pass http://127.0.0.1:{_STALL_PORT}; proxy_buffering off; proxy_read_timeout 1h; proxy_http_version 1.1;
    }}
"""
_PIXHAUL_RUNS = 3
_LONGEST_SECONDS = 3600.0
_THREADS = 256


@dataclass(frozen=True)
class World:
    """The link and what serves behind it."""

    link: Link
    variables: dict[str, str]


def _host(rng: random.Random, kind: str, hosts: int) -> str:
    """Returns a host name for a row of a kind; each kind of host has its share of the names."""
    absent, dead = hosts * SHARES["no such name"] // 100, hosts * SHARES["dead host"] // 100
    if kind == "no such name":
        return f"x{rng.randrange(absent)}.{DOMAIN}"
    if kind == "dead host":
        return f"d{rng.randrange(dead)}.{DOMAIN}"
    return f"h{rng.randrange(hosts - absent - dead)}.{DOMAIN}"


def _path(kind: str, number: int) -> str:
    """Returns the path of row `number`."""
    if kind == "broken":
        return f"/broken/{number % web_corpus.BROKEN_COUNT:04d}.jpg?n={number}"
    folder = {"not found": "missing", "forbidden": "forbidden", "stall": "stall"}.get(kind, "photos")
    return f"/{folder}/{number % web_corpus.PICTURE_COUNT:04d}.jpg?n={number}"


def urls(rows: int, hosts: int) -> list[str]:
    """Returns the list; the same on every machine."""
    rng = random.Random("web mix")
    kinds = [kind for kind, share in SHARES.items() for _ in range(rows * share // 100)]
    kinds += ["photograph"] * (rows - len(kinds))
    rng.shuffle(kinds)
    return [f"https://{_host(rng, kind, hosts)}{_path(kind, number)}" for number, kind in enumerate(kinds)]


def expected_successes(rows: int) -> int:
    """Returns how many rows can succeed; a broken picture does, since nothing is checked."""
    return rows - sum(rows * SHARES[kind] // 100 for kind in _FAILING)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _namespace(prefix: Sequence[str]) -> str:
    """Returns the namespace's name in `ip netns exec NAME`."""
    return prefix[3]


@contextmanager
def _name_server_of(namespace: str, address: str) -> Iterator[None]:
    """Makes `address` the name server of all that `ip netns exec` runs in a namespace."""
    folder = Path("/etc/netns") / namespace
    folder.mkdir(parents=True)
    try:
        (folder / "resolv.conf").write_text(f"nameserver {address}\n")
        yield
    finally:
        shutil.rmtree(folder)


def _start_stalls(stack: ExitStack, prefix: Sequence[str]) -> None:
    """Starts the server that falls silent; ended when `stack` unwinds."""
    script = Path(__file__).parent / "support" / "stall.py"
    process = subprocess.Popen([*prefix, "/usr/bin/python3", str(script), "127.0.0.1", str(_STALL_PORT)],
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    stack.callback(lambda: (process.terminate(), process.communicate()))
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise RuntimeError("the stalling server did not start")


@contextmanager
def world(place: Place) -> Iterator[World]:
    """Brings the mix's world up for the length of a `with` block."""
    pin = ("taskset", "-c", str(place.server_cpu))
    certificates = make_certificates(setup.BUILD / "certificates-mix", [f"DNS:*.{DOMAIN}"])
    with ExitStack() as stack:
        up = stack.enter_context(link.wide_area_link(setup.BUILD, LINK, place.server_cpu))
        origin = (*up.origin_prefix, *pin)
        _ip("-n", _namespace(up.client_prefix), "route", "add", _BOTH_NETWORKS, "dev", "wan0")
        _ip("-n", _namespace(up.origin_prefix), "route", "add", "local", f"{_HOSTS}/16", "dev", "lo")
        stack.enter_context(_name_server_of(_namespace(up.client_prefix), up.origin_address))
        stack.enter_context(dns.running(origin, up.origin_address, 53, DOMAIN, f"h={_HOSTS}", f"d={_DEAD}"))
        _start_stalls(stack, origin)
        stack.enter_context(nginx.serve(place.scratch / "nginx-mix", place.root, certificates, "0.0.0.0", _HTTPS_PORTS, origin,
                                        _LOCATIONS))
        yield World(up, environment(trust_bundle(certificates)))


def moment(times: Sequence[float], rows: int) -> float | None:
    """Returns when the last row that makes `FINAL_SHARE` of `rows` was final; None when it never came to that."""
    wanted = round(rows * FINAL_SHARE)
    return sorted(times)[wanted - 1] if len(times) >= wanted else None


def moment_of_progress(lines: Sequence[tuple[float, str]], rows: int) -> float | None:
    """Returns the same from pixhaul's progress events, a straight line drawn between two of them."""
    wanted, before = round(rows * FINAL_SHARE), (0.0, 0)
    for seconds, line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if not isinstance(event, dict) or event.get("event") != "progress":
            continue
        now = (seconds, int(event["rows_done"]))
        if now[1] >= wanted:
            share = (wanted - before[1]) / max(1, now[1] - before[1])
            return before[0] + share * (now[0] - before[0])
        before = now
    return None


def _run_pixhaul(place: Place, here: World, task: Task, rows: int) -> dict[str, Any]:
    """Runs pixhaul over the mix with its own settings for how much at once."""
    own = ("--concurrency", "", "--host_concurrency", "", "--address_concurrency", "", "--http_version", "")
    command = pixhaul_command(place.programs.pixhaul, task, *own, "--retries", "0", "--deadline", "10s", "--allow_net",
                              _BOTH_NETWORKS, "--progress", "json", "--fail_ratio", "1")
    run = _watched(place, here, task, command, {})
    return _result(run, moment_of_progress(run.lines, rows), successes(task.folder))


def _run_img2dataset(place: Place, here: World, task: Task, rows: int) -> dict[str, Any]:
    """Runs img2dataset over the mix with a note of when each row's fetch ended."""
    options, times = task.folder.parent / "options.json", task.folder.parent / "times"
    options.write_text(json.dumps(img2dataset_options(task, retries=0, timeout=10)))
    command = [str(place.programs.pythons["img2dataset"]), str(PEER_SCRIPTS / "img2dataset_client.py"), str(options)]
    run = _watched(place, here, task, command, {"ROW_TIMES": str(times)})
    ended = [float(line) - run.started for line in times.read_text().split()] if times.exists() else []
    return _result(run, moment(ended, rows), successes(task.folder))


def _watched(place: Place, here: World, task: Task, command: Sequence[str], more: dict[str, str]) -> watch.Watched:
    """Runs a command at the client's end of the link, on the client's core."""
    whole = [*here.link.client_prefix, "taskset", "-c", str(place.client_cpu), *command]
    return watch.watch(whole, task.folder.parent, here.variables | more, _LONGEST_SECONDS)


def _result(run: watch.Watched, final: float | None, count: int) -> dict[str, Any]:
    """Returns a run as the results keep it."""
    tail = [line for _, line in run.lines[-12:]]
    return {"final_seconds": final, "wall_seconds": run.wall_seconds, "cpu_seconds": run.cpu_seconds, "peak_bytes": run.peak_bytes,
            "successes": count, "exit_code": run.exit_code, "output": tail if final is None else []}


_RUNNERS = {"pixhaul": _run_pixhaul, "img2dataset": _run_img2dataset}


def run(place: Place, clients: Sequence[str], rounds: int) -> dict[str, Any]:
    """Runs the mix: img2dataset once a round, pixhaul thrice, before it and after it.

    Args:
        place: Where.
        clients: Which; those that cannot run a mix are left out.
        rounds: How many rounds.

    Returns:
        The shape of the mix and every run.
    """
    rows, hosts = (ROWS // 20, HOSTS // 20) if place.quick else (ROWS, HOSTS)
    order = [name for name in ("pixhaul", "img2dataset", *["pixhaul"] * (_PIXHAUL_RUNS - 1)) if name in clients] * rounds
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in clients if name in _RUNNERS}
    listed = place.parquet(f"mix-{rows}", urls(rows, hosts))
    with world(place) as here:
        for name in order:
            folder = place.shelf.fresh(round(expected_successes(rows) * place.image_bytes)) / "dataset"
            one = _RUNNERS[name](place, here, Task("originals", listed, folder, _THREADS), rows)
            runs[name].append(one)
            final = "never" if one["final_seconds"] is None else f"{one['final_seconds']:.1f} s"
            print(f"mix            {name:12} 98 % final {final}, whole {one['wall_seconds']:.1f} s, {one['successes']} images, "
                  f"peak {one['peak_bytes'] / 2**20:.0f} MiB, exit {one['exit_code']}", flush=True)
            for line in one["output"]:
                print(f"    {line}", flush=True)
    return {"rows": rows, "hosts": hosts, "expected": expected_successes(rows), "link": vars(LINK), "runs": runs}
