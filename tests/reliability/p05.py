"""P5: nothing inside your network is contacted. Two network namespaces: in one the run, in the other a router that
owns every address of Appendix A and a public one, and notes each connection attempt. The vectors that need no packets
(all of IPv4, millions of IPv6 addresses, spellings) are the unit tests of net."""

import json
import os
import pathlib
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from rig import BUILD, Figure, count, run_test

V4 = """0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 169.254.169.254 172.16.0.1 192.0.0.192 192.0.2.1
192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
168.63.129.16""".split()
V6 = """:: ::1 ::127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::a9fe:a9fe 64:ff9b:1::a9fe:a9fe 100::1
2001:0:1::5601:5601 2001:db8::1 2002:a9fe:a9fe::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1 ff02::1
fec0::1""".split()
PUBLIC = "93.184.216.34"
ETH_P_ALL, PACKET_OUTGOING = 3, 4


def spellings(address):
    """The literals a URL can give an IPv4 address in."""
    a, b, c, d = (int(part) for part in address.split("."))
    value = (a << 24) | (b << 16) | (c << 8) | d
    return [address, str(value), hex(value), f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"{a}.{(b << 16) | (c << 8) | d}",
            f"[::ffff:{address}]", f"[64:ff9b::{a:02x}{b:02x}:{c:02x}{d:02x}]"]


def literals():
    hosts = [text for address in V4 for text in spellings(address)]
    return hosts + [f"[{address}]" for address in V6]


# ---- in the router's namespace


class Names:
    """A name server: aN.test is V4[N], bN.test is V6[N], cN.test is an alias of aN, mN.test is a public address and a
    denied one, rN.test turns from the one into the other at each question; anything else is the router."""

    def __init__(self):
        self.asked = {}

    def answer(self, name, kind):
        label = name.split(".")[0]
        letter, number = label[:1], label[1:]
        if not number.isdigit():
            return [(1, socket.inet_aton(PUBLIC))] if kind == 1 else []
        number = int(number)
        if letter == "b":
            return [(28, socket.inet_pton(socket.AF_INET6, V6[number % len(V6)]))] if kind == 28 else []
        if kind != 1:
            return []
        denied, public = socket.inet_aton(V4[number % len(V4)]), socket.inet_aton(PUBLIC)
        if letter == "m":
            return [(1, public), (1, denied)]
        if letter == "r":
            self.asked[name] = self.asked.get(name, 0) + 1
            return [(1, public if self.asked[name] % 2 else denied)]
        return [(1, denied)]

    def reply(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        kind, = struct.unpack("!H", query[at + 1:at + 3])
        question = query[12:at + 5]
        name, records = ".".join(labels).lower(), []
        owner = b"\xc0\x0c"
        if name.startswith("c"):
            label = "a" + labels[0][1:]
            alias = bytes([len(label)]) + label.encode() + b"\x04test\x00"
            records.append(owner + struct.pack("!HHIH", 5, 1, 0, len(alias)) + alias)
            owner, name = alias, "a" + name[1:]
        for record, data in self.answer(name, kind):
            records.append(owner + struct.pack("!HHIH", record, 1, 0, len(data)) + data)
        return query[:2] + struct.pack("!HHHHH", 0x8180, 1, len(records), 0, 0) + question + b"".join(records)

    def serve(self, address):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((address, 53))
            while True:
                query, peer = udp.recvfrom(4096)
                udp.sendto(self.reply(query), peer)


def redirecting_origin(address, picture):
    """Sends /to/HOST to http://HOST/, and gives a picture for anything else."""
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            target = self.path.removeprefix("/to/")
            body = b"" if target != self.path else picture
            self.send_response(302 if target != self.path else 200)
            if target != self.path:
                self.send_header("Location", f"http://{target}/x.png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer((address, 80), Handler)
    server.serve_forever()


def picture():
    import zlib
    def chunk(name, data):
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack("!IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


def router(control):
    """Owns everything; told where to stop by the end of its input."""
    for name in ("lo", "outside"):
        ip("link", "set", name, "up")
    ip("addr", "add", "93.184.216.1/24", "dev", "outside")
    ip("addr", "add", f"{PUBLIC}/32", "dev", "lo")
    pathlib.Path("/proc/sys/net/ipv4/conf/all/rp_filter").write_text("0")
    # Every other address there is belongs to this machine too: it answers, so that a connect would be made.
    ip("route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "7")
    ip("rule", "add", "iif", "outside", "lookup", "7", "priority", "5")
    names = Names()
    threading.Thread(target=names.serve, args=("93.184.216.1",), daemon=True).start()
    threading.Thread(target=redirecting_origin, args=("0.0.0.0", picture()), daemon=True).start()
    print("ready", flush=True)
    control.readline()


# ---- in the run's namespace


def connection_attempts(packets):
    """Where TCP SYNs and UDP datagrams in them go, as text; the name server's and the origin's are what is allowed."""
    seen = set()
    for packet in packets:
        if len(packet) < 34:
            continue
        kind = packet[12:14]
        if kind == b"\x08\x00":
            head = (packet[14] & 15) * 4
            protocol, to, body = packet[23], socket.inet_ntoa(packet[30:34]), packet[14 + head:]
        elif kind == b"\x86\xdd" and len(packet) >= 54:
            protocol, to, body = packet[20], socket.inet_ntop(socket.AF_INET6, packet[38:54]), packet[54:]
        else:
            continue
        if protocol == 6 and len(body) > 13 and body[13] & 0x12 == 2:
            seen.add((to, "syn"))
        elif protocol == 17 and len(body) > 4:
            seen.add((to, "udp"))
    return seen


class Capture:
    """Every packet this namespace sends or loops back."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.packets, self.stop = [], False
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self):
        while not self.stop:
            if select.select([self.socket], [], [], 0.2)[0]:
                packet, address = self.socket.recvfrom(65535)
                if address[2] == PACKET_OUTGOING:
                    self.packets.append(packet[:128])

    def end(self):
        self.stop = True
        self.thread.join()
        return self.packets


def listed_urls():
    urls = [f"http://{host}/x.png" for host in literals()]
    urls += [f"http://a{i}.test/x.png" for i in range(len(V4))] + [f"http://b{i}.test/x.png" for i in range(len(V6))]
    urls += [f"http://c{i}.test/x.png" for i in range(len(V4))]
    urls += [f"http://m{i}.test/x.png" for i in range(len(V4))]
    urls += [f"http://r{i}.test/x.png?{again}" for again in range(4) for i in range(len(V4))]
    urls += [f"http://www.test/to/{host}" for host in literals()]
    urls += [f"http://www.test/to/{letter}{i}.test" for letter in "abcmr" for i in range(len(V6))]
    urls += [f"http://www.test@{host}/x.png" for host in literals()]
    return urls


def inside():
    """Run by `unshare -n`: sets up both namespaces, downloads, and prints what was sent as JSON."""
    other = subprocess.Popen(["unshare", "-n", sys.executable, __file__, "--router"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, text=True)
    try:
        ip("link", "set", "lo", "up")
        made = ip("link", "add", "inside", "type", "veth", "peer", "name", "outside")
        if made.returncode != 0:
            raise OSError(made.stderr)
        # `unshare` enters its namespace before it starts the program; wait until it is another one.
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{other.pid}/ns/net") == own:
            pass
        ip("link", "set", "outside", "netns", str(other.pid))
        ip("addr", "add", "93.184.216.2/24", "dev", "inside")
        ip("link", "set", "inside", "up")
        ip("route", "add", "default", "via", "93.184.216.1")
        other.stdin.write("go\n")
        other.stdin.flush()
        if other.stdout.readline().strip() != "ready":
            raise OSError("the router did not start")
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pixhaul-p05-"))
        urls = listed_urls()
        (folder / "urls.txt").write_text("".join(url + "\n" for url in urls))
        capture = Capture()
        done = subprocess.run([BUILD / "pixhaul", "urls.txt", "--dns_servers", "93.184.216.1", "--proxy", "none",
                               "--progress", "none", "--file_names", "key", "--retries", "1", "--connect_timeout", "2s"],
                              cwd=folder, capture_output=True, text=True, timeout=300,
                              env={"PATH": os.environ["PATH"], "HOME": str(folder)})
        seen = connection_attempts(capture.end())
        rows = [json.loads(line) for path in sorted((folder / "images").glob("*.jsonl"))
                for line in path.read_text().splitlines()]
        subprocess.run(["rm", "-rf", folder])
        allowed = {(PUBLIC, "syn"), ("93.184.216.1", "udp")}
        json.dump({"cases": len(urls), "rows": len(rows), "sent": sorted(seen - allowed), "allowed": sorted(seen & allowed),
                   "successes": sum(row["status"] == "success" for row in rows), "code": done.returncode,
                   "said": done.stderr[-1500:]}, sys.stdout)
    finally:
        other.stdin.close()
        other.wait(timeout=10)


def router_main():
    sys.stdin.readline()
    router(sys.stdin)


def measure():
    done = subprocess.run(["unshare", "-n", sys.executable, __file__, "--inside"], capture_output=True, text=True,
                          env={**os.environ, "RELIABILITY_BUILD": str(BUILD)}, timeout=400)
    if done.returncode != 0:
        return Figure(f"not measured: {done.stderr.strip()[-200:]}", "0 packets / 456 cases", False, done.stderr)
    seen = json.loads(done.stdout)
    asked = count("17 million", "all")
    passed, said = run_test("tests/net/net_address_guard_test",
                            env={"PIXHAUL_ADDRESS_STRIDE": str(count(251, 1)),
                                 "PIXHAUL_ADDRESSES": str(count(1_000_000, 10_000_000))})
    # The public half must have been reached, or silence would prove nothing.
    reached = seen["successes"] > 0 and len(seen["allowed"]) == 2
    return Figure(f"{len(seen['sent'])} addresses contacted in {seen['cases']:,} cases over {len(V4) + len(V6)} addresses; "
                  f"{asked} of IPv4 by the guard's test {'holds' if passed else 'fails'}", "0 packets / 456 cases, 2^32",
                  not seen["sent"] and reached and seen["rows"] == seen["cases"] >= 456 and passed,
                  f"{seen}\n{said[-500:]}")


if __name__ == "__main__":
    if "--inside" in sys.argv:
        inside()
    elif "--router" in sys.argv:
        router_main()
    else:
        print(measure())
