"""A crowd of slow clients at the dashboard's door: a program of its own, ended by its standard input.

    crowd.py PORT COUNT

Each client sends the beginning of a request and then a byte a second, for ever; one that is closed comes back a second
later. Prints how many connections were made.
"""

import selectors
import socket
import sys
import time

_BEGIN = b"GET /?token=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "
_AGAIN_SECONDS = 1.0


class Crowd:
    """All clients in one thread."""

    def __init__(self, port: int, count: int) -> None:
        self._port = port
        self._due = [(time.monotonic() + i / count, None) for i in range(count)]
        self._selector = selectors.DefaultSelector()
        self._begun: set[socket.socket] = set()
        self.connections = 0

    def run(self) -> None:
        """Goes on until standard input ends."""
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select(0.02):
                if key.fileobj is sys.stdin:
                    return
                self._leave(key.fileobj)
            now = time.monotonic()
            due = [client for at, client in self._due if at <= now]
            self._due = [(at, client) for at, client in self._due if at > now]
            for client in due:
                self._work(client)

    def _work(self, client: socket.socket | None) -> None:
        """Lets a client that is due connect, or send its next byte."""
        if client is None:
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self._port))
            self._selector.register(client, selectors.EVENT_READ)
            self.connections += 1
        elif client.fileno() < 0:
            return
        self._send(client)

    def _send(self, client: socket.socket) -> None:
        data = b"x" if client in self._begun else _BEGIN
        try:
            client.send(data)
        except BlockingIOError:
            pass
        except OSError:
            self._leave(client)
            return
        else:
            self._begun.add(client)
        self._due.append((time.monotonic() + _AGAIN_SECONDS, client))

    def _leave(self, client: socket.socket) -> None:
        if client.fileno() >= 0:
            self._selector.unregister(client)
            client.close()
            self._begun.discard(client)
            self._due.append((time.monotonic() + _AGAIN_SECONDS, None))


def main() -> None:
    """Runs the crowd that the arguments describe."""
    crowd = Crowd(int(sys.argv[1]), int(sys.argv[2]))
    crowd.run()
    print(crowd.connections)


if __name__ == "__main__":
    main()
