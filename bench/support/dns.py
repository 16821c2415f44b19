"""A name server for tests: every name below one domain has one address; nothing else exists.

    python3 dns.py 127.0.0.1 5353 bench.test 127.0.0.1

Answers A with the address, AAAA and the rest with no data, names elsewhere with NXDOMAIN. Prints `ready` when it
listens and the number of questions when it is stopped by SIGTERM.
"""

import signal
import socket
import struct
import sys
from types import FrameType

_A = 1
_TTL_SECONDS = 300
_NXDOMAIN = 3


def _question(packet: bytes) -> tuple[str, int, int]:
    """Returns the name, the type and the end of the first question; raises IndexError when it is cut off."""
    labels, at = [], 12
    while packet[at] != 0:
        length = packet[at]
        labels.append(packet[at + 1 : at + 1 + length])
        at += 1 + length
    kind = packet[at + 1] << 8 | packet[at + 2]
    return b".".join(labels).decode("ascii", "replace").lower(), kind, at + 5


def answer(packet: bytes, domain: str, address: bytes) -> bytes:
    """Returns the reply to one query.

    Args:
        packet: The query as received.
        domain: Names equal to it or below it exist.
        address: Four bytes, the answer to A.

    Returns:
        The reply's bytes; empty when the query makes no sense.
    """
    try:
        name, kind, end = _question(packet)
    except IndexError:
        return b""
    ours = name == domain or name.endswith("." + domain)
    with_data = ours and kind == _A
    flags = 0x8580 | (0 if ours else _NXDOMAIN)  # response, authoritative, recursion asked for and available
    head = packet[:2] + struct.pack(">HHHHH", flags, 1, 1 if with_data else 0, 0, 0)
    reply = head + packet[12:end]
    if with_data:
        reply += b"\xc0\x0c" + struct.pack(">HHIH", _A, 1, _TTL_SECONDS, 4) + address
    return reply


def serve(listen: str, port: int, domain: str, address: str) -> int:
    """Answers until SIGTERM, and returns how many questions there were."""
    questions, packed = 0, socket.inet_aton(address)

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
                reply = answer(packet, domain, packed)
                if reply:
                    udp.sendto(reply, peer)
        except SystemExit:
            return questions


if __name__ == "__main__":
    print(serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]), flush=True)
