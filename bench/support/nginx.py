"""An nginx of our own: one process tree in the foreground, its files in one folder, gone when the block ends.

Never the system's service: nothing in /etc is read but the list of MIME types, and it is stopped by the pid we started.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.certificates import Certificates

NGINX = "/usr/sbin/nginx"
_START_SECONDS = 10.0


@dataclass(frozen=True)
class Origin:
    """A running server.

    Attributes:
        address: The IPv4 address it listens on.
        plain_port: HTTP/1.1.
        tls_port: HTTP/1.1 over TLS 1.3.
        h2_port: HTTP/2 over TLS 1.3.
        ca_file: The certificate to trust.
        pid: The master process.
    """

    address: str
    plain_port: int
    tls_port: int
    h2_port: int
    ca_file: Path
    pid: int

    def base(self, transport: str, host: str = "") -> str:
        """Returns `scheme://host:port` for `plain`, `tls` or `h2`."""
        port = {"plain": self.plain_port, "tls": self.tls_port, "h2": self.h2_port}[transport]
        scheme = "http" if transport == "plain" else "https"
        return f"{scheme}://{host or self.address}:{port}"

    def worker_pids(self) -> list[int]:
        """Returns the worker processes, for reading their CPU time."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


_CONFIG = """
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 65536;
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections 16384; multi_accept on; }}
http {{
  types {{ image/jpeg jpg; application/octet-stream bin; }}
  default_type application/octet-stream;
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  reset_timedout_connection on;
  open_file_cache max=20000 inactive=1h;
  open_file_cache_valid 1h;
  http2_max_concurrent_streams 1024;
  client_body_temp_path {home}/body;
  proxy_temp_path {home}/proxy;
  fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi;
  scgi_temp_path {home}/scgi;
  ssl_certificate {home}/server.pem;
  ssl_certificate_key {home}/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache shared:tls:16m;
  server {{
    listen {address}:{plain} backlog=8192;
    listen {address}:{tls} ssl backlog=8192;
    listen {address}:{h2} ssl http2 backlog=8192;
    root {root};
    {locations}
  }}
}}
"""


def free_ports(count: int, address: str = "127.0.0.1") -> list[int]:
    """Returns `count` TCP ports that the system says are free now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind((address, 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def _write_config(home: Path, root: Path, address: str, ports: Sequence[int], locations: str) -> Path:
    """Writes the configuration and returns its path."""
    plain, tls, h2 = ports
    text = _CONFIG.format(
        # The files may lie where only root can look (a home folder), and the server is only ours.
        user="user root;" if os.geteuid() == 0 else "",
        home=home, root=root, address=address, plain=plain, tls=tls, h2=h2, locations=locations,
    )
    config = home / "nginx.conf"
    config.write_text(text)
    return config


def _wait_until_listening(process: subprocess.Popen[bytes], home: Path) -> None:
    """Waits until the master has written its pid file, which it does after it listens."""
    give_up = time.monotonic() + _START_SECONDS
    while not (home / "nginx.pid").exists() or not (home / "nginx.pid").read_text().strip():
        if process.poll() is not None or time.monotonic() > give_up:
            log = home / "error.log"
            raise RuntimeError(f"nginx did not start: {log.read_text() if log.exists() else '(no log)'}")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that we started, politely first."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def serve(
    home: Path,
    root: Path,
    certificates: Certificates,
    address: str = "127.0.0.1",
    ports: Sequence[int] = (),
    prefix: Sequence[str] = (),
    locations: str = "",
) -> Iterator[Origin]:
    """Runs the server for the length of a `with` block.

    Args:
        home: An empty folder for its configuration, logs and temporary files.
        root: The folder to serve.
        certificates: What it proves itself with.
        address: The IPv4 address to listen on.
        ports: Plain, TLS and HTTP/2 port; chosen by the system when empty.
        prefix: Words before the command, such as `taskset -c 0` or `ip netns exec NAME`.
        locations: Further lines for the configuration's `server` block.

    Yields:
        The running server.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "nginx.pid").unlink(missing_ok=True)
    certificates.install(home)
    chosen = list(ports) or free_ports(3)
    config = _write_config(home, root, address, chosen, locations)
    command = [*prefix, NGINX, "-p", str(home), "-c", str(config), "-e", str(home / "error.log")]
    # A session of its own keeps a terminal's Ctrl-C for the benchmark, which then stops the server itself.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        _wait_until_listening(process, home)
        pid = int((home / "nginx.pid").read_text())
        yield Origin(address, *chosen, certificates.ca_file, pid)
    finally:
        stop(process)
