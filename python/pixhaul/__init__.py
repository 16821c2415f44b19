"""Bulk image downloader: one URL to ten billion.

    import pixhaul
    summary = pixhaul.download("urls.txt", output_folder="images")
"""

from ._core import __version__, explain, row_statuses
from ._errors import BusyError, FolderError, InputError, OptionError, OutputError, PixhaulError

__all__ = [
    "BusyError", "Fetched", "FolderError", "InputError", "OptionError", "OutputError", "PixhaulError", "Session",
    "Sample", "Stream", "Summary", "__version__", "download", "explain", "fetch", "row_statuses", "stream",
]

# What is not needed at once is imported when it is first named: `import pixhaul` stays quick.
_HOMES = {
    "download": "_download", "Summary": "_summary",
    "Fetched": "_fetch", "Session": "_fetch", "fetch": "_fetch",
    "Sample": "_stream", "Stream": "_stream", "stream": "_stream",
}
_DESCRIBED = ("download", "fetch", "stream")


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module 'pixhaul' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module("." + _HOMES[name], __name__), name)
    if name in _DESCRIBED:
        from . import _options

        value = _options.describe(value, _options.skipped(name))
    globals()[name] = value
    return value


def __dir__():
    return sorted(__all__)
