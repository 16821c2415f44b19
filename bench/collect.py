#!/usr/bin/python3
"""Puts the results and the notes on them together into bench/RESULTS.md.

The notes, bench/results/notes.md, are written by hand: where a target is missed, what was tried and where the time goes.
"""

import re

from support import report, setup

_PARTS = ("notes.md", "sessions.md", "engine.md", "pipeline.md", "resize.md", "slow_clients.md")


def main() -> None:
    """Writes the page from the parts there are."""
    parts = [(setup.RESULTS / name).read_text() for name in _PARTS if (setup.RESULTS / name).exists()]
    # One level lower, below the page's own title; pictures lie in results/.
    lowered = [re.sub(r"^#", "##", part, flags=re.MULTILINE).replace("](", "](results/") for part in parts]
    head = ("# Results\n\nMade by `bench/sessions.py`, `bench/engine.py`, `bench/pipeline.py`, `bench/resize.py`, "
            "`bench/slow_clients.py` and `bench/collect.py`; how, and what is noise, in [README.md](README.md).\n\n")
    report.write(setup.RESULTS.parent / "RESULTS.md", head + "\n".join(lowered))


if __name__ == "__main__":
    main()
