#!/usr/bin/env python3
"""Writes the package's stubs: __init__.pyi with every option as a keyword, from the option table, and _core.pyi.

    PYTHONPATH=build/dev/python build/venv/test/bin/python tools/python_stubs.py [--check]

--check compares instead of writing.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import pixhaul
from pixhaul import _options

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "python/pixhaul"

HEAD = '''# Made by tools/python_stubs.py from the option table.
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Sequence
from datetime import timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Literal, Protocol

from ._core import Outcome as Outcome
from ._errors import BusyError as BusyError
from ._errors import FolderError as FolderError
from ._errors import InputError as InputError
from ._errors import OptionError as OptionError
from ._errors import OutputError as OutputError
from ._errors import PixhaulError as PixhaulError

__version__: str

class _Table(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

_Urls = str | PathLike[str] | Sequence[PathLike[str]] | Iterable[str | None] | _Table

class Summary:
    rows: int
    images: int
    image_bytes: int
    failed: int
    refused: int
    seconds: float
    statuses: dict[str, int]
    stopped: str
    network_down: bool
    failures: list[dict[str, Any]]
    output_folder: str
    shards: str
    failed_list: str
    failed_table: str
    diagnosis: list[str]
    estimated_rows: int | None
    estimated_seconds: float | None
    estimated_bytes: int | None
    stats: dict[str, Any]

class Fetched:
    url: str
    @property
    def status(self) -> str: ...
    @property
    def ok(self) -> bool: ...
    @property
    def body(self) -> bytes: ...
    @property
    def outcome(self) -> Outcome: ...
    def done(self) -> bool: ...
    def __await__(self) -> Generator[Any, None, Fetched]: ...

class Sample:
    url: str
    status: str
    image: Any
    @property
    def ok(self) -> bool: ...
    @property
    def index(self) -> int: ...
    @property
    def caption(self) -> str | None: ...
    @property
    def metadata(self) -> dict[str, Any]: ...
    @property
    def outcome(self) -> Outcome: ...

class Stream(Iterator[Sample], AsyncIterator[Sample]):
    def __next__(self) -> Sample: ...
    async def __anext__(self) -> Sample: ...
    def stats(self) -> dict[str, Any]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Stream: ...
    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None: ...

def explain(status: str) -> str: ...
def row_statuses() -> list[str]: ...
'''

SESSION_TAIL = '''    def fetch(self, url: str) -> Fetched: ...
    def fetch_all(self, urls: Iterable[str]) -> list[Fetched]: ...
    def stats(self) -> dict[str, Any]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Session: ...
    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None: ...
'''


def keywords(skip: tuple[str, ...], indent: str) -> str:
    """Returns the options as lines of a signature."""
    return "".join(f"{indent}{keyword.name}: {keyword.kind} = {keyword.default!r},\n".replace("'", '"')
                   for keyword in _options.table().values()
                   if keyword.name not in _options.NOT_KEYWORDS and keyword.name not in skip)


def package_stub() -> str:
    """Returns the text of __init__.pyi."""
    return HEAD + (
        "def download(\n    urls: _Urls,\n    *,\n    on_progress: Callable[[dict[str, Any]], object] | None = None,\n"
        f"{keywords((), '    ')}) -> Summary: ...\n"
        "def stream(\n    urls: _Urls,\n    *,\n    ordered: bool = False,\n"
        '    form: Literal["numpy", "torch", "bytes"] = "numpy",\n'
        f"{keywords(_options.OF_FOLDERS, '    ')}) -> Stream: ...\n"
        f"def fetch(\n    url: str,\n    *,\n{keywords(_options.OF_ROWS, '    ')}) -> Fetched: ...\n"
        f"\nclass Session:\n    def __init__(\n        self,\n        *,\n{keywords(_options.OF_ROWS, '        ')}"
        f"    ) -> None: ...\n{SESSION_TAIL}")


def core_stub() -> str:
    """Returns the text of _core.pyi."""
    with tempfile.NamedTemporaryFile(suffix=".pyi") as file:
        subprocess.run([sys.executable, "-m", "nanobind.stubgen", "-q", "-m", "pixhaul._core", "-o", file.name],
                       check=True)
        return pathlib.Path(file.name).read_text()


def main() -> None:
    """Writes or compares both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    assert pixhaul.__version__
    for name, text in (("__init__.pyi", package_stub()), ("_core.pyi", core_stub())):
        path = PACKAGE / name
        if not check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            sys.exit(f"{path.name} is out of date: run {pathlib.Path(__file__).name}")


if __name__ == "__main__":
    main()
