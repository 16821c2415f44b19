"""A server that begins an answer and falls silent: python3 stall.py 127.0.0.1 PORT (behind nginx's proxy_pass).

Every request gets a head that promises 80,000 bytes, the first 20,000 of them, and nothing more. Prints `ready` when it
listens.
"""

import asyncio
import sys

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 80000\r\n\r\n"
_PART = b"\xff\xd8\xff\xe0" + bytes(19_996)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one request and keeps the connection until the other side is gone."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_HEAD + _PART)
        await reader.read()
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serves until it is ended."""
    server = await asyncio.start_server(answer, sys.argv[1], int(sys.argv[2]), backlog=4096)
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
