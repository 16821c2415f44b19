"""What physics asks for a round of images at once: round trips, TCP's initial window, the link's rate.

All images of a round are asked for at the same moment, each on a connection of its own. A cold connection needs one
round trip to open and one more for TLS 1.3; then one passes between request and first byte. The sender may have 10
segments under way at first (RFC 6928) and doubles that each round trip (RFC 5681 §3.1), so a larger body costs further
trips. Meanwhile all connections share the link's rate. An idle connection begins again at the initial window
(RFC 5681 §4.1) where the sender's kernel does so, as Linux does unless told otherwise.
"""

from dataclasses import dataclass
from pathlib import Path

SEGMENT_BYTES = 1448  # 1500 less the headers of IPv4 and of TCP with time stamps
INITIAL_WINDOW = 10
HEAD_BYTES = 260  # an nginx response head
_WIRE_SHARE = SEGMENT_BYTES / 1500  # of a packet that is body
_TLS_RECORD_SHARE = 16384 / (16384 + 22)  # of a TLS 1.3 stream that is body


@dataclass(frozen=True)
class LinkPath:
    """A link: round trip in seconds, rate in bits a second (0: without limit)."""

    rtt_seconds: float
    bits_per_second: float


def restarts_after_idle() -> bool:
    """Returns whether this kernel's idle connections begin again at the initial window."""
    return Path("/proc/sys/net/ipv4/tcp_slow_start_after_idle").read_text().strip() == "1"


def opening_trips(tls: bool, warm: bool) -> int:
    """Returns the round trips before the first byte of a body: connect, TLS 1.3, request."""
    if warm:
        return 1
    return 3 if tls else 2


def floor_seconds(path: LinkPath, images: int, image_bytes: int, tls: bool, warm: bool, restarts: bool = True) -> float:
    """Returns the least time in which `images` images can arrive.

    It is a lower bound: each flight begins as soon as the first segment of the one before can have been acknowledged,
    the link is never idle while a flight is due, and handshakes take no bytes.

    Args:
        path: The link.
        images: How many at once, a connection each.
        image_bytes: Size of one body.
        tls: Whether over TLS 1.3.
        warm: Whether the connections are open already.
        restarts: Whether a warm connection begins again at the initial window; otherwise it has no window at all.

    Returns:
        Seconds from the first packet sent to the last one received.
    """
    body = (image_bytes + HEAD_BYTES) / (_TLS_RECORD_SHARE if tls else 1.0)
    flight_start = opening_trips(tls, warm) * path.rtt_seconds
    window = INITIAL_WINDOW if restarts or not warm else body
    link_free, left = flight_start, body
    while left > 0:
        flight = min(left, window * SEGMENT_BYTES)
        sending = 8 * images * flight / _WIRE_SHARE / path.bits_per_second if path.bits_per_second else 0.0
        link_free = max(link_free, flight_start) + sending
        left -= flight
        window *= 2
        flight_start += path.rtt_seconds
    return link_free
