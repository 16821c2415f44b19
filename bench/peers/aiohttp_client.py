"""Downloads a list with aiohttp, N at a time: python aiohttp_client.py LIST N (memory | FOLDER) [CA_FILE]."""

import asyncio
import ssl
import sys

import aiohttp


async def worker(session: aiohttp.ClientSession, jobs: list[tuple[int, str]], folder: str) -> int:
    """Takes jobs until none is left; returns how many images came whole."""
    done = 0
    while jobs:
        number, url = jobs.pop()
        async with session.get(url) as response:
            body = await response.read()
            if response.status != 200:
                continue
        if folder != "memory":
            with open(f"{folder}/{number}.jpg", "wb") as file:
                file.write(body)
        done += 1
    return done


async def main() -> None:
    """Downloads the list and prints the number of images."""
    with open(sys.argv[1], encoding="ascii") as file:
        jobs = list(enumerate(line.strip() for line in file))
    concurrency, folder = int(sys.argv[2]), sys.argv[3]
    context = ssl.create_default_context(cafile=sys.argv[4]) if len(sys.argv) > 4 else None
    connector = aiohttp.TCPConnector(limit=concurrency, ssl=context) if context else aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        done = await asyncio.gather(*(worker(session, jobs, folder) for _ in range(concurrency)))
    print(sum(done))


asyncio.run(main())
