"""Names, addresses, proxies, certificates and politeness, judged by what the origin saw."""

import http.server
import select
import socket
import socketserver
import struct
import threading
import unittest

from support import LOOPBACK, Case


def relay(one, other):
    """Bytes both ways until either side ends."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that notes whom it was asked for; names resolve to loopback."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.asked = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"


class ConnectHandler(http.server.BaseHTTPRequestHandler):
    """HTTP: CONNECT only."""

    def do_CONNECT(self):
        self.server.asked.append(self.path)
        with socket.create_connection(("127.0.0.1", int(self.path.rsplit(":", 1)[1]))) as other:
            self.connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            relay(self.connection, other)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Socks5Handler(socketserver.StreamRequestHandler):
    """RFC 1928, no authentication, CONNECT only."""

    def handle(self):
        _, count = self.rfile.read(2)
        self.rfile.read(count)
        self.wfile.write(b"\x05\x00")
        kind = self.rfile.read(4)[3]
        if kind == 1:
            host = socket.inet_ntoa(self.rfile.read(4))
        else:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        port, = struct.unpack("!H", self.rfile.read(2))
        self.server.asked.append(f"{host}:{port}")
        with socket.create_connection(("127.0.0.1", port)) as other:
            self.wfile.write(b"\x05\x00\x00\x01" + bytes(6))
            relay(self.connection, other)


class Network(Case):
    def setUp(self):
        super().setUp()
        self.origin.ledger(clear=True)

    def statuses_of(self, urls, *arguments, expect=0, allow=LOOPBACK, **settings):
        self.write_list(urls)
        done = self.command("urls.txt", *self.origin.dns, *allow, *arguments, **settings)
        self.assertEqual(done.code, expect, str(done))
        return [row["status"] for row in self.verify(urls)]


class Names(Network):
    def test_names_come_from_the_given_server(self):
        urls = [self.origin.url("/img/9/9/1.jpg", "a.hosts.test"),
                self.origin.url("/img/9/9/2.jpg", "no.such.test")]
        self.assertEqual(self.statuses_of(urls, expect=1), ["success", "dns_not_found"])
        self.assertIn("unknown host name", self.command("explain", "dns_not_found").stdout)

    def test_a_name_server_that_never_answers_is_dns_timeout(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            urls = [self.origin.url("/img/9/9/1.jpg", "a.hosts.test")]
            self.write_list(urls)
            self.download("urls.txt", "--dns_servers", f"127.0.0.1:{silent.getsockname()[1]}",
                          "--retries", "0", expect=5)
            self.assertIn(self.verify(urls)[0]["status"], ("dns_timeout", "dns_error"))

    def test_a_second_name_server_stands_in_for_a_dead_one(self):
        urls = [self.origin.url("/img/9/9/1.jpg", "a.hosts.test")]
        self.write_list(urls)
        self.download("urls.txt", "--dns_servers", f"127.0.0.1:{self.origin.refusing_port}",
                      *self.origin.dns)
        self.verify(urls)


class Guard(Network):
    def test_loopback_is_denied_by_default_as_address_and_as_name(self):
        urls = [self.origin.url("/img/9/9/1.jpg"),
                self.origin.url("/img/9/9/1.jpg", "a.hosts.test"),
                self.origin.url("/img/9/9/1.jpg", "localhost"),
                self.origin.url("/img/9/9/1.jpg", "2130706433"),
                self.origin.url("/img/9/9/1.jpg", "[::ffff:127.0.0.1]")]
        self.assertEqual(self.statuses_of(urls, allow=(), expect=1), ["address_denied"] * 5)
        ledger = self.origin.ledger()
        self.assertEqual(ledger["requests"], [])

    def test_the_remedy_names_the_range(self):
        self.write_list([self.origin.url("/img/9/9/1.jpg")])
        self.assertIn("--allow_net 127.0.0.0/8", self.command("urls.txt").stderr)

    def test_a_redirect_to_a_denied_address_is_denied(self):
        targets = ("http://192.168.7.7/a.jpg", "http://[::1]:8080/a.jpg",
                   "http://169.254.169.254/latest/")
        urls = [self.origin.url(f"/redirect/302?to={target}") for target in targets]
        self.assertEqual(self.statuses_of(urls, expect=1), ["address_denied"] * 3)

    def test_only_the_named_range_is_allowed(self):
        urls = [self.origin.url("/img/9/9/1.jpg", "a.hosts.test"), "http://10.1.2.3/a.jpg"]
        self.assertEqual(self.statuses_of(urls, expect=1), ["success", "address_denied"])


class Politeness(Network):
    def most_at_once(self, *arguments):
        self.origin.ledger(clear=True)
        urls = [self.origin.url(f"/slow/head?ms=20&i={i}", f"{h}.hosts.test")
                for i in range(20) for h in "ab"]
        self.statuses_of(urls, "-o", "images", *arguments)
        most = self.origin.ledger()["max_simultaneous"]
        return {count for host, count in most.items() if ".hosts.test" in host}

    def test_a_host_gets_at_most_six_requests_at_once(self):
        self.assertLessEqual(max(self.most_at_once()), 6)

    def test_host_concurrency_is_kept(self):
        self.assertEqual(max(self.most_at_once("--host_concurrency", "2")), 2)

    def test_host_interval_spaces_the_starts(self):
        urls = self.origin.images(5, size=9)
        self.statuses_of(urls, "--host_interval", "200ms")
        times = sorted(r["read_at_ms"] for r in self.origin.ledger()["requests"])
        self.assertGreaterEqual(min(b - a for a, b in zip(times, times[1:])), 180)

    def test_retry_after_holds_the_whole_host(self):
        urls = [self.origin.url("/status/429?retry_after=1"), *self.origin.images(4, size=9)]
        self.write_list(urls)
        running = self.start("urls.txt", *LOOPBACK, "--host_concurrency", "1", "--max_duration",
                             "2500ms")
        self.assertEqual(running.finish().code, 6)
        times = sorted((r["read_at_ms"], r["path"]) for r in self.origin.ledger()["requests"])
        refusals = [at for at, path in times if path == "/status/429"]
        self.assertGreaterEqual(len(refusals), 2)
        for at, _ in times:
            self.assertFalse(any(0 < at - refused < 950 for refused in refusals), times)

    def test_an_opt_out_is_decided_on_the_headers(self):
        self.origin.ledger(clear=True)
        urls = [self.origin.url("/robots_tag?value=noai"), self.origin.url("/tdm?value=1")]
        self.assertEqual(self.statuses_of(urls), ["opt_out"] * 2)
        self.assertEqual([row["bytes"] for row in self.rows()], [0, 0])
        self.assertEqual(self.statuses_of(urls, "-o", "images", "--retry_failed", "opt_out",
                                          "--disallowed_header_directives", "none"),
                         ["success"] * 2)

    def test_robots_txt_is_obeyed_on_request_and_fetched_once(self):
        urls = [self.origin.url("/private/a"), self.origin.url("/private/b"),
                *self.origin.images(3, size=9)]
        self.assertEqual(self.statuses_of(urls, "--robots_txt", "obey"),
                         ["robots_txt"] * 2 + ["success"] * 3)
        paths = [r["path"] for r in self.origin.ledger()["requests"]]
        self.assertEqual(paths.count("/robots.txt"), 1)
        self.assertEqual([path for path in paths if path.startswith("/private")], [])
        self.assertEqual(paths[0], "/robots.txt")

    def test_the_user_agent_names_pixhaul_and_the_contact(self):
        self.statuses_of(self.origin.images(1), "--contact", "me@example.org")
        headers = dict(self.origin.ledger()["requests"][0]["headers"])
        self.assertRegex(headers["user-agent"], r"^pixhaul/.*me@example\.org")
        self.assertEqual(headers["accept-encoding"], "identity")

    def test_a_header_is_dropped_when_a_redirect_leaves_the_origin(self):
        other = self.origin.url("/img/9/9/2.jpg", "b.hosts.test")
        same = "/img/9/9/1.jpg"
        urls = [self.origin.url(f"/redirect/302?to={to}", "a.hosts.test") for to in (same, other)]
        done = self.statuses_of(urls, "-H", "X-Secret: 12345", "-v")
        self.assertEqual(done, ["success"] * 2)
        seen = {r["path"]: dict(r["headers"]).get("x-secret")
                for r in self.origin.ledger()["requests"]}
        self.assertEqual(seen, {"/redirect/302": "12345", "/img/9/9/1.jpg": "12345",
                                "/img/9/9/2.jpg": None})


class Proxies(Network):
    def check(self, handler, scheme, arguments=(), env=None, by_name=False):
        with Proxy(handler) as proxy:
            self.addCleanup(proxy.shutdown)
            fill = lambda text: text.format(f"{scheme}://{proxy.address}")
            env = {name: fill(value) for name, value in (env or {}).items()}
            urls = [self.origin.url("/img/9/9/1.jpg", "a.hosts.test"),
                    self.origin.tls_url("/img/9/9/2.jpg", "b.hosts.test")]
            self.assertEqual(
                self.statuses_of(urls, *map(fill, arguments), "--ca_file", self.origin.ca, env=env),
                ["success"] * 2)
            hosts = ("a.hosts.test", "b.hosts.test") if by_name else ("127.0.0.1", "127.0.0.1")
            wanted = {f"{hosts[0]}:{self.origin.port}", f"{hosts[1]}:{self.origin.tls_port}"}
            self.assertEqual(set(proxy.asked), wanted)

    def test_http_connect(self):
        self.check(ConnectHandler, "http", ("--proxy", "{}"))

    def test_socks5(self):
        self.check(Socks5Handler, "socks5", ("--proxy", "{}"))

    def test_names_are_left_to_the_proxy_when_told(self):
        self.check(Socks5Handler, "socks5", ("--proxy", "{}", "--proxy_dns", "remote"),
                   by_name=True)

    def test_the_environment_names_proxies(self):
        self.check(ConnectHandler, "http", env={"http_proxy": "{}", "https_proxy": "{}"})

    def test_all_proxy_is_for_both(self):
        self.check(Socks5Handler, "socks5", env={"all_proxy": "{}"})

    def test_no_proxy_and_proxy_none_go_direct(self):
        dead = {"http_proxy": f"http://127.0.0.1:{self.origin.refusing_port}"}
        urls = [self.origin.url("/img/9/9/1.jpg", "a.hosts.test")]
        self.assertEqual(self.statuses_of(urls, env={**dead, "no_proxy": ".hosts.test"}),
                         ["success"])
        self.assertEqual(self.statuses_of(urls, "--retry_failed", "all", "--proxy", "none",
                                          env=dead), ["success"])

    def test_the_guard_holds_behind_a_proxy(self):
        with Proxy(ConnectHandler) as proxy:
            self.addCleanup(proxy.shutdown)
            urls = [self.origin.url("/img/9/9/1.jpg", "a.hosts.test")]
            self.assertEqual(self.statuses_of(urls, "--proxy", f"http://{proxy.address}", allow=(),
                                              expect=1), ["address_denied"])
            self.assertEqual(proxy.asked, [])


class Certificates(Network):
    BAD = ("expired", "not-yet-valid", "wrong-host", "self-signed", "unknown-ca")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.trusted = ("--ca_file", cls.origin.ca, "--retries", "0")

    def test_a_certificate_that_is_not_valid_is_tls_certificate(self):
        urls = [self.origin.tls_url("/img/9/9/1.jpg", "good.hosts.test"),
                self.origin.tls_url("/img/9/9/1.jpg", "localhost")]
        self.assertEqual(self.statuses_of(urls, *self.trusted), ["success"] * 2)
        urls = [self.origin.tls_url("/img/9/9/1.jpg", "a.hosts.test")]
        self.write_list(urls)
        self.download("urls.txt", *self.origin.dns, "-o", "system", "--retries", "0", expect=1)
        self.assertEqual(self.statuses("system"), ["tls_certificate"])

    def test_insecure_accepts_it_loudly(self):
        urls = [self.origin.tls_url("/img/9/9/1.jpg", "a.hosts.test")]
        self.write_list(urls)
        done = self.download("urls.txt", *self.origin.dns, "--insecure")
        self.assertIn("--insecure: certificates are not verified", done.stderr)
        self.verify(urls)


class BadCertificates(Case):
    origin_arguments = ("--dns_wildcard", "test=127.0.0.1")

    def test_each_kind_is_tls_certificate_with_its_reason(self):
        urls = [self.origin.tls_url("/img/9/9/1.jpg", f"{name}.test") for name in Certificates.BAD]
        self.write_list(urls)
        self.download("urls.txt", "--dns_servers", f"127.0.0.1:{self.origin.dns_port}",
                      "--ca_file", self.origin.ca, "--retries", "0", expect=1)
        rows = self.verify(urls)
        self.assertEqual([row["status"] for row in rows], ["tls_certificate"] * 5)
        self.assertEqual(len({row["detail"] for row in rows}), 5, [r["detail"] for r in rows])


if __name__ == "__main__":
    unittest.main()
