"""pixhaul.download."""

import warnings

from . import _core, _options, _progress
from ._rows import rows_of
from ._summary import Summary


def download(urls, *, on_progress=None, **options):
    """Downloads images into a folder and continues a run that stands there.

    Everything runs on threads of the engine's own, with the GIL free: call it from any thread, without an
    `if __name__ == "__main__"` guard. Ctrl-C finishes what is in flight (at most 5 s), commits it and raises
    KeyboardInterrupt; the same call again goes on from there. A URL that fails is a row, never an exception.

    Args:
        urls: A path of a list or table, a URL, or a pattern, as the command takes them; a list, tuple or iterator of
            URLs; a list of `pathlib.Path`s; or a table that speaks Arrow's C stream interface (pandas, polars,
            pyarrow, Hugging Face datasets), whose columns `url_col`, `caption_col` and so on name.
        on_progress: Called about four times a second, on the calling thread, with the counters so far as a dict: the
            event `progress` of docs/events.schema.json. What it raises stops the run and is raised again.

    Returns:
        A Summary.

    Raises:
        OptionError: An option has an impossible value.
        InputError: The rows cannot be read.
        OutputError: The folder cannot be written; FolderError: it holds another run; BusyError: another run holds it.
    """
    settings = _options.from_keywords(options)
    rows = rows_of(urls, settings)
    show = _progress.shows(settings.text("progress"))
    watch = _both(show, on_progress)
    try:
        facts = _core.download(settings, rows.urls, rows.at_once, rows.table, rows.name, watch, _notice(settings))
    finally:
        if show is not None:
            show.close()
    return Summary(facts)


def _both(show, on_progress):
    if show is None or on_progress is None:
        return show or on_progress

    def call(now):
        show(now)
        on_progress(now)

    return call


def _notice(settings):
    if settings.text("log_level") == "error":
        return None
    return lambda sentence: warnings.warn(sentence, stacklevel=4)
