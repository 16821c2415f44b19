"""A name server for tests: every name below one domain has one address, or one of its own; nothing else exists.

    python3 dns.py 127.0.0.1 5353 bench.test 127.0.0.1
    python3 dns.py 10.77.0.2 53 mix.test h=10.78.0.0 d=10.79.0.0

In the second form `h7.mix.test` has address number 7 after 10.78.0.0, and names that are no such letter and number do not
exist. Answers A with the address, AAAA and the rest with no data, names elsewhere with NXDOMAIN. Prints `ready` when it
listens and the number of questions when it is stopped by SIGTERM.
"""

import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

_A = 1
_TTL_SECONDS = 300
_NXDOMAIN = 3
_NUMBERED = re.compile(r"([a-z])(\d+)")


@dataclass(frozen=True)
class Zone:
    """Which names exist.

    Attributes:
        domain: Names equal to it or below it.
        address: Four bytes, the answer to all of them; None when each has its own.
        networks: By first letter, the address from which the names with that letter and a number are counted.
    """

    domain: str
    address: bytes | None = None
    networks: dict[str, int] = field(default_factory=dict)

    def find(self, name: str) -> bytes | None:
        """Returns the address of `name`, in lower case; None when there is no such name."""
        if self.address is not None:
            return self.address if name == self.domain or name.endswith("." + self.domain) else None
        host, _, domain = name.partition(".")
        numbered = _NUMBERED.fullmatch(host)
        if domain != self.domain or numbered is None or numbered[1] not in self.networks:
            return None
        return struct.pack(">I", self.networks[numbered[1]] + int(numbered[2]))


def parse_zone(domain: str, words: Sequence[str]) -> Zone:
    """Returns the zone that the command line asks for: an address, or pairs `letter=address`."""
    if "=" not in words[0]:
        return Zone(domain, socket.inet_aton(words[0]))
    pairs = (word.split("=") for word in words)
    return Zone(domain, networks={letter: struct.unpack(">I", socket.inet_aton(start))[0] for letter, start in pairs})


def _question(packet: bytes) -> tuple[str, int, int]:
    """Returns the name, the type and the end of the first question; raises IndexError when it is cut off."""
    labels, at = [], 12
    while packet[at] != 0:
        length = packet[at]
        labels.append(packet[at + 1 : at + 1 + length])
        at += 1 + length
    kind = packet[at + 1] << 8 | packet[at + 2]
    return b".".join(labels).decode("ascii", "replace").lower(), kind, at + 5


def answer(packet: bytes, zone: Zone) -> bytes:
    """Returns the reply to one query.

    Args:
        packet: The query as received.
        zone: Which names exist.

    Returns:
        The reply's bytes; empty when the query makes no sense.
    """
    try:
        name, kind, end = _question(packet)
    except IndexError:
        return b""
    address = zone.find(name)
    with_data = address is not None and kind == _A
    flags = 0x8580 | (_NXDOMAIN if address is None else 0)  # response, authoritative, recursion asked for and available
    head = packet[:2] + struct.pack(">HHHHH", flags, 1, 1 if with_data else 0, 0, 0)
    reply = head + packet[12:end]
    if with_data and address is not None:
        reply += b"\xc0\x0c" + struct.pack(">HHIH", _A, 1, _TTL_SECONDS, 4) + address
    return reply


def serve(listen: str, port: int, zone: Zone) -> int:
    """Answers until SIGTERM, and returns how many questions there were."""
    questions = 0

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        udp.bind((listen, port))
        print("ready", flush=True)
        try:
            while True:
                packet, peer = udp.recvfrom(2048)
                questions += 1
                reply = answer(packet, zone)
                if reply:
                    udp.sendto(reply, peer)
        except SystemExit:
            return questions


@contextmanager
def running(prefix: Sequence[str], listen: str, port: int, domain: str, *words: str) -> Iterator[tuple[int, int]]:
    """Runs the name server for the length of a `with` block.

    Args:
        prefix: Words before the command, such as `taskset -c 0` or `ip netns exec NAME`.
        listen: The address.
        port: The UDP port; 0 takes one that is free here, outside any namespace.
        domain: Names below it exist.
        words: An address, or pairs `letter=address`.

    Yields:
        Its port and its process id.
    """
    if port == 0:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((listen, 0))
            port = probe.getsockname()[1]
    command = [*prefix, "/usr/bin/python3", __file__, listen, str(port), domain, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the name server did not start")
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


if __name__ == "__main__":
    print(serve(sys.argv[1], int(sys.argv[2]), parse_zone(sys.argv[3], sys.argv[4:])), flush=True)
