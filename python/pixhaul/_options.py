"""Options as keywords: names, types, defaults and docstrings all come from the engine's one table."""

import datetime
import inspect
import os
import typing

from . import _core
from ._errors import make

# The rows are the first argument of each function.
NOT_KEYWORDS = ("url_list",)
# What has no meaning where no folder is written.
OF_FOLDERS = (
    "output_folder", "output_format", "file_names", "number_sample_per_shard", "retry_failed", "max_open_shards",
    "metadata", "sizes", "incremental_mode", "body", "max_errors", "max_bytes", "max_duration", "fail_ratio",
    "progress", "log_level", "events", "metrics_file",
)
# What has none either where there is one URL instead of rows.
OF_ROWS = (
    *OF_FOLDERS, "input_format", "url_col", "caption_col", "bbox_col", "verify_hash", "save_additional_columns",
    "worker_index", "worker_count", "max_rows",
)


class Keyword(typing.NamedTuple):
    """One option as a keyword."""

    name: str
    kind: str  # the type as a stub spells it
    default: object
    help: str
    group: str
    value: str
    repeats: bool
    absent: str  # the word for None, "" where there must be a value


def _absent(line):
    """Returns the word for None: `none`, `auto`, or "" where there must be a value."""
    if line["default"] in ("none", "auto"):
        return line["default"]
    return "none" if line["name"] in ("min_speed", "accept", "compute_hash") else ""


def _choices(line):
    return line["value"].split("|") if "|" in line["value"] and "," not in line["value"] else []


_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _number(text, units):
    digits = text.rstrip("BKMGTimshd")
    unit = text[len(digits):].rstrip("B") if units is _UNITS else text[len(digits):]
    value = float(digits) * units[unit]
    return int(value) if value == int(value) else value


def _typed(line):
    """Returns the type, as a stub spells it, and the default as a value of it."""
    text, value = line["default"], line["value"]
    if line["repeats"]:
        return "Sequence[str] | str", () if text == "none" else tuple(text.split(","))
    if not value:
        return "bool", text == "true"
    if choices := _choices(line):
        literal = "Literal[" + ", ".join(f'"{choice}"' for choice in choices) + "]"
        return (literal, text) if text in choices else (literal + " | None", None)
    kind, units = {
        "N": ("int", _UNITS),
        "SIZE": ("int | str", _UNITS),
        "TIME": ("float | str | timedelta", _SECONDS),
        "RATIO": ("float", _UNITS),
    }.get(value, ("str", None))
    if text in ("none", "auto"):
        return kind + " | None", None
    return kind, text if units is None else _number(text, units)


_table = None


def table():
    """Returns every keyword by name."""
    global _table
    if _table is None:
        _table = {
            line["name"]: Keyword(line["name"], *_typed(line), line["help"], line["group"], line["value"],
                                  line["repeats"], _absent(line))
            for line in _core.option_table()
        }
    return _table


def _text(keyword, value):
    """Returns a single value as the text that the table's line reads."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.timedelta):
        value = value.total_seconds()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if keyword.value == "TIME":
            return f"{round(value * 1000)}ms"
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    raise make("bad_option", f"{keyword.name} cannot be of type {type(value).__name__}: it takes {keyword.kind}")


def _set(options, keyword, value):
    if value is None:
        if not keyword.absent:
            raise make("bad_option", f"{keyword.name} cannot be None: it takes {keyword.kind}")
        return options.set(keyword.name, keyword.absent)
    if keyword.repeats and not isinstance(value, str):
        # A list says what holds, where the command's flag adds to the default.
        options.set(keyword.name, "none")
        for item in value:
            options.set(keyword.name, _text(keyword, item))
        return None
    return options.set(keyword.name, _text(keyword, value))


def from_keywords(given, defaults=(), skip=()):
    """Returns the engine's options with `given` set over the environment's PIXHAUL_* and `defaults`.

    Raises:
        OptionError: A name or a value that is not allowed, or a pair of which one has no effect.
        TypeError: A keyword that no option has.
    """
    options = _core.Options()
    for name, value in dict(defaults).items():
        _set(options, table()[name], value)
    for name in table():
        text = os.environ.get("PIXHAUL_" + name.upper())
        if text is not None and name not in NOT_KEYWORDS and name not in skip:
            options.set(name, text)
    for name, value in given.items():
        keyword = table().get(name)
        if keyword is None or name in NOT_KEYWORDS:
            raise TypeError(f"there is no option {name!r}{_hint(name)}")
        if name in skip:
            raise TypeError(f"the option {name!r} is of downloads into a folder: it has no meaning here")
        _set(options, keyword, value)
    # A value that is the default asks for nothing.
    standard = _core.Options()
    options.check([name for name in given if options.text(name) != standard.text(name)])
    return options


def _hint(name):
    import difflib

    near = difflib.get_close_matches(name, table(), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def skipped(function):
    """Returns the options that the function of that name does not have."""
    return {"stream": OF_FOLDERS, "fetch": OF_ROWS}.get(function, ())


def describe(function, skip=()):
    """Gives `function`, which takes **options, the signature and the docstring that the table makes."""
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    lines = []
    for keyword in table().values():
        if keyword.name in NOT_KEYWORDS or keyword.name in skip:
            continue
        parameters.append(inspect.Parameter(keyword.name, inspect.Parameter.KEYWORD_ONLY, default=keyword.default,
                                            annotation=keyword.kind))
        lines.append(f"    {keyword.name} ({keyword.kind}): {keyword.help} Default: {keyword.default!r}.")
    function.__signature__ = signature.replace(parameters=parameters)
    function.__doc__ = inspect.cleandoc(function.__doc__) + "\n\nOptions:\n" + "\n".join(lines) + "\n"
    return function
