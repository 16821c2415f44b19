"""What stands for the rows of a run: list files, URLs, iterators, tables."""

import os
from typing import NamedTuple

from ._errors import InputError

_AT_ONCE = 1024  # items of a list taken under one GIL


class Rows(NamedTuple):
    """Rows as the engine takes them: list files are in the options, else one of the two is set."""

    urls: object = None  # an iterator of str
    at_once: int = 1
    table: object = None  # a capsule of an Arrow C stream
    name: str = ""


def rows_of(urls, options):
    """Returns the rows that `urls` stands for; list files and single URLs go into `options`.

    Raises:
        TypeError: It is nothing that has URLs.
    """
    if isinstance(urls, (str, os.PathLike)):
        options.add_list(os.fspath(urls))
        return Rows()
    if hasattr(urls, "__arrow_c_stream__"):
        return Rows(table=urls.__arrow_c_stream__(), name=type(urls).__name__)
    table = _arrow_table(urls)
    if table is not None:
        return Rows(table=table.__arrow_c_stream__(), name=type(urls).__name__)
    if isinstance(urls, (bytes, dict)):
        raise TypeError(f"urls cannot be {type(urls).__name__}: give a path, URLs, or a table")
    if isinstance(urls, (list, tuple)):
        for item in urls[:1]:
            if isinstance(item, os.PathLike):
                return _list_files(urls, options)
        return Rows(urls=iter(urls), at_once=_AT_ONCE, name=type(urls).__name__)
    try:
        return Rows(urls=iter(urls), name=type(urls).__name__)
    except TypeError:
        raise TypeError(f"urls cannot be {type(urls).__name__}: give a path, URLs, or a table") from None


def _list_files(paths, options):
    if not all(isinstance(path, os.PathLike) for path in paths):
        raise TypeError("a list of paths cannot hold URLs too")
    for path in paths:
        options.add_list(os.fspath(path))
    return Rows()


def _arrow_table(urls):
    """Returns a table that holds itself in Arrow's form without saying so: Hugging Face's datasets do."""
    data = getattr(urls, "data", None)
    table = getattr(data, "table", None)
    if table is None or not hasattr(table, "__arrow_c_stream__"):
        return None
    if getattr(urls, "_indices", None) is not None:
        raise InputError("a dataset that was shuffled or selected from is read after .flatten_indices()",
                         "input_unreadable")
    return table
