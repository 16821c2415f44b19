"""Downloads a list with requests: python requests_client.py LIST N (memory | FOLDER) (session | none) [CA_FILE]."""

import sys
from multiprocessing.pool import ThreadPool

import requests
from requests.adapters import HTTPAdapter


def main() -> None:
    """Downloads the list with one shared session, or none, and prints the number of images."""
    with open(sys.argv[1], encoding="ascii") as file:
        jobs = list(enumerate(line.strip() for line in file))
    threads, folder, mode = int(sys.argv[2]), sys.argv[3], sys.argv[4]
    verify: str | bool = sys.argv[5] if len(sys.argv) > 5 else True
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=threads, pool_maxsize=threads))
    get = session.get if mode == "session" else requests.get

    def fetch(job: tuple[int, str]) -> int:
        number, url = job
        response = get(url, verify=verify, timeout=60)
        if response.status_code != 200:
            return 0
        if folder != "memory":
            with open(f"{folder}/{number}.jpg", "wb") as out:
                out.write(response.content)
        return 1

    with ThreadPool(threads) as pool:
        print(sum(pool.imap_unordered(fetch, jobs, chunksize=1)))


main()
