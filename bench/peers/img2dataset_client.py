"""img2dataset with a note of when each row's fetch ended: python img2dataset_client.py OPTIONS.json, ROW_TIMES=FILE.

The options are those of img2dataset.download. Its workers are spawned and run this file's top level again, which is why
the note is taken there; a line a row, the time of day in seconds. A row counts as final when its fetch ended, before it
is written: that is earlier than it really is, by what writing takes.
"""

import json
import os
import sys
import time
from typing import Any

from img2dataset import download, downloader

_fetch = downloader.download_image_with_retry
_notes = os.open(os.environ["ROW_TIMES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def fetch_and_note(*arguments: Any, **options: Any) -> Any:
    """Does what img2dataset's own function does, then notes the time."""
    try:
        return _fetch(*arguments, **options)
    finally:
        os.write(_notes, f"{time.time():.3f}\n".encode())


downloader.download_image_with_retry = fetch_and_note

if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as options_file:
        download(**json.load(options_file))
