"""The exceptions: one small hierarchy. A URL that failed is a row with a status, never an exception."""

import re


class PixhaulError(Exception):
    """A run could not begin or go on. `code` is its word, as `pixhaul explain` knows it."""

    def __init__(self, message, code="internal"):
        super().__init__(message)
        self.code = code

    def __reduce__(self):
        return type(self), (str(self), self.code)


class OptionError(PixhaulError, ValueError):
    """An option has an impossible value, or contradicts another."""


class InputError(PixhaulError):
    """The rows cannot be read."""


class OutputError(PixhaulError):
    """The output folder cannot be written, or its disk is full."""


class FolderError(OutputError):
    """The output folder holds another list's run, or a damaged one."""


class BusyError(OutputError):
    """Another run holds the output folder."""


_BY_CODE = {
    "bad_option": OptionError,
    "input_unreadable": InputError,
    "output_unwritable": OutputError,
    "disk_full": OutputError,
    "other_input": FolderError,
    "state_damaged": FolderError,
    "output_busy": BusyError,
}

# Sentences name options as the command does.
_FLAG = re.compile(r"--([a-z][a-z_]+)")


def make(code, message):
    """Returns the exception for an error of the engine."""
    return _BY_CODE.get(code, PixhaulError)(_FLAG.sub(r"\1", message), code)
