"""The N and C rows of the fault table as paths of the origin: every row, scripted, with the statuses in which it may
end. `{key}` is replaced by something that no other URL has, so that counters of the origin are a row's own."""

import dataclasses

OK = ("success",)
BROKEN = ("protocol_error",)


@dataclasses.dataclass(frozen=True)
class Fault:
    row: str  # of the table
    path: str
    ends: tuple
    face: str = "plain"  # plain, tls (HTTP/2 where offered), refusing, silent, nowhere


def each(row, prefix, names, ends, face="plain"):
    return [Fault(row, prefix + name, ends, face) for name in names.split()]


# Those that end at once; the slow ones are apart because each takes a deadline.
QUICK = [
    Fault("N3", "/endless", ("too_large", "not_image", "deadline", "truncated", "decode_error")),
    Fault("N4", "/length/short", BROKEN),  # surplus: never the next URL's, and no picture of its own
    *each("N4", "/length/", "long duplicate negative plus list overflow hexadecimal empty text with_chunked",
          BROKEN + ("truncated", "too_large", "success")),
    *each("N4", "/length/", "duplicate_same list_same missing", OK + BROKEN),
    Fault("N4", "/surplus", BROKEN),
    Fault("N5", "/chunked/ok", OK),
    *each("N5", "/chunked/", "bare_lf missing_crlf overflow negative plus prefix text no_size",
          BROKEN + ("truncated",)),
    *each("N5", "/chunked/", "truncated no_last no_end", ("truncated",) + BROKEN),
    Fault("N5", "/chunked/extensions?bytes=100000", BROKEN + ("header_limit",)),
    Fault("N5", "/chunked/trailers?bytes=100000", BROKEN + ("header_limit",)),
    Fault("N6", "/headers/flood?count=5000", ("header_limit",)),
    Fault("N6", "/headers/long?bytes=200000", ("header_limit",)),
    Fault("N6", "/headers/endless", ("header_limit",)),
    Fault("N6", "/1xx?count=1000", BROKEN + ("header_limit",)),
    *each("N6", "/head/", "bare_lf http09 http10 http3 no_reason status_text status_four_digits garbage ssh no_colon "
          "space_before_colon folded empty_name upgrade", BROKEN + OK),
    Fault("N7", "/redirect/loop", ("redirect_loop",)),
    Fault("N7", "/redirect/ring/a", ("redirect_loop",)),
    Fault("N7", "/redirect/chain/1000", ("redirect_limit",)),
    Fault("N7", "/redirect/chain/3", OK),
    Fault("N7", "/redirect/none", ("redirect_bad", "http_4xx")),
    Fault("N7", "/redirect/long", ("redirect_bad", "header_limit")),
    Fault("N7", "/redirect/302?to=file:///etc/passwd", ("redirect_bad", "scheme_denied")),
    Fault("N7", "/redirect/302?to=ftp://localhost/x", ("redirect_bad", "scheme_denied")),
    Fault("N8", "/redirect/302?to=http://169.254.169.254/", ("address_denied",)),
    Fault("N8", "/redirect/302?to=http://10.0.0.1/", ("address_denied",)),
    Fault("N8", "/redirect/302?to=http://[::ffff:10.0.0.1]/", ("address_denied",)),
    Fault("N11", "/redirect/302?to={plain}/img/8/8/1.jpg", OK, "tls"),
    Fault("N12", "/img/8/8/1.jpg", ("tls_certificate",), "tls wrong_host"),
    Fault("N13", "/gzip", OK),
    Fault("N13", "/br", OK),
    Fault("N13", "/deflate", OK + BROKEN + ("encoding_limit",)),
    Fault("N13", "/gzip/twice", ("encoding_limit",) + BROKEN),
    Fault("N13", "/gzip/truncated", ("truncated",) + BROKEN),
    Fault("N13", "/gzip/corrupt", BROKEN + ("truncated", "encoding_limit")),
    Fault("N13", "/encoding/unknown", ("encoding_limit",) + BROKEN),
    Fault("N13", "/gzip_bomb?bytes=40000000", ("encoding_limit", "too_large", "not_image")),
    *each("N14", "/h2/", "ping_flood?count=20000 settings_flood?count=5000 continuation_flood?count=10000 "
          "empty_frames?count=100000 push window_overflow wrong_stream huge_frame length/short length/long "
          "reset?code=2 reset?code=2&at=10 goaway?code=0&refuse=1&key={key} refused?fail=1&key={key} "
          "max_concurrent?n=1", OK + BROKEN + ("truncated", "connection_reset"), "tls"),
    Fault("N15", "/reset/connect", ("connection_reset",)),
    Fault("N15", "/reset/head", ("connection_reset",)),
    Fault("N15", "/reset/body?at=100", ("connection_reset", "truncated")),
    Fault("N15", "/reset/body?at=100", ("connection_reset", "truncated", "protocol_error"), "tls"),
    Fault("N15", "/close/at?n=150&how=cut", ("truncated", "connection_reset", "protocol_error"), "tls"),
    Fault("N15", "/close/at?n=400", ("truncated", "connection_reset")),
    Fault("N15", "/flaky?fail=1&how=reset&key={key}", OK),
    Fault("N16", "/img/8/8/1.jpg", ("dns_not_found",), "nowhere"),
    Fault("N18", "/flaky?fail=1&how=503&key={key}", OK),
    Fault("N18", "/status/429?retry_after=1", ("rate_limited",)),
    Fault("N18", "/status/503?retry_after=garbage", ("http_5xx", "rate_limited")),
    Fault("N19", "/img/8/8/1.jpg", ("connect_refused",), "refusing"),
    Fault("N21", ":25", ("port_denied",), "literal"),
    Fault("N21", ":6667", ("port_denied",), "literal"),
    Fault("N22", "/img/8/8/{number}.jpg", OK, "userinfo"),
    Fault("N24", "/img/8/8/1.jpg?x=%0d%0aHost:%20evil", OK),
    Fault("C1", "/html", ("not_image",)),
    Fault("C1", "/html?type=image/jpeg", ("not_image",)),
    Fault("C1", "/img/9/9/1.png?type=text/html", OK),
    Fault("C1", "/empty", ("not_image", "truncated")),
    Fault("C3", "/truncated.jpg?keep=500", ("truncated", "decode_error")),
    Fault("C3", "/img/9/9/1.png?keep=70", ("truncated", "decode_error")),
    Fault("C16", "/robots_tag?value=noai", ("opt_out",)),
    Fault("C16", "/tdm?value=1", ("opt_out",)),
]
SLOW = [
    Fault("N1", "/trickle?bytes_per_second=1", ("too_slow", "deadline")),
    Fault("N2", "/headers/trickle?ms=300", ("deadline", "too_slow")),
    Fault("N2", "/stall/accept", ("too_slow", "deadline")),
    Fault("N2", "/stall/head", ("too_slow", "deadline")),
    Fault("N2", "/stall/body", ("too_slow", "deadline")),
    Fault("N2", "/1xx?count=9&ms=2000", ("deadline", "too_slow")),
    Fault("N2", "/img/8/8/1.jpg", ("connect_timeout",), "silent"),
    Fault("N14", "/h2/window_zero", ("success", "too_slow", "deadline", "protocol_error"), "tls"),
]
# N9, N10, N17, N20 and N23 are about names, proxies, packets, the run and the parser, not about a path: p05.py and the
# tests of net have them.


def url_of(origin, fault, number, host):
    path = fault.path.replace("{key}", str(number)).replace("{number}", str(number + 1)).replace(
        "{plain}", origin.url("", "a.hosts.test"))
    if fault.face == "literal":
        return f"http://{host}{path}/x.jpg"
    # What tells rows of one path apart also keeps a list of them free of doubles.
    path += ("&" if "?" in path else "?") + f"row={number}" if fault.face != "literal" and "to=" not in path else ""
    if fault.face.startswith("tls"):
        # A host of its own for each: attacks on a connection must not meet its neighbours.
        return origin.tls_url(path, host if fault.face == "tls" else f"deep.{host}")
    if fault.face == "nowhere":
        return f"http://no-such-{number}.test{path}"
    if fault.face == "userinfo":
        return origin.url(path, host).replace("http://", "http://user:canary@")
    port = {"refusing": origin.refusing_port, "silent": origin.silent_port}.get(fault.face, origin.port)
    return f"http://{host}:{port}{path}"
