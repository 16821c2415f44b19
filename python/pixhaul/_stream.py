"""pixhaul.stream."""

import asyncio
import atexit
import collections
import json
import weakref

from . import _core, _options
from ._rows import rows_of

_FORMS = ("numpy", "torch", "bytes")
_AT_ONCE = 16  # samples taken from the engine under one GIL
_LOOK = 0.1  # seconds between looks at Ctrl-C

# The engine's threads may want the GIL for an iterator; they end before it does.
_running = weakref.WeakSet()


@atexit.register
def _stop_all():
    for running in list(_running):
        running.close()


class Sample:
    """One row with what became of it.

    Attributes:
        index: The row's place in the input, from 0.
        url: As given.
        status: "success", or why there is no image.
        ok: Whether there is one.
        image: A NumPy array or torch tensor, height × width × 3 (height × width where color="keep" left it grey), that
            owns the engine's memory; or the encoded bytes; None without an image.
        caption: Of the row's `caption_col`; None without one.
        metadata: The row's further columns by name.
        outcome: Every fact: http_status, width, height, original_width, digest, final_url, times_ms and so on.
    """

    __slots__ = ("_core", "image", "url", "status")

    def __init__(self, core, form):
        self._core = core
        self.url = core.url
        self.status = core.status
        self.image = core.encoded() if form == "bytes" else _array(core.take_pixels(), form)

    @property
    def ok(self):
        return self.status == "success"

    @property
    def index(self):
        return self._core.index

    @property
    def caption(self):
        return self._core.caption

    @property
    def metadata(self):
        return json.loads(self._core.columns or "{}")

    @property
    def outcome(self):
        return self._core.outcome

    def __repr__(self):
        shape = getattr(self.image, "shape", None)
        what = f", {tuple(shape)}" if shape is not None else f", {len(self.image):,} bytes" if self.image else ""
        return f"<Sample {self.index} {self.url!r}: {self.status}{what}>"


def _array(pixels, form):
    if pixels is None:
        return None
    if form == "torch":
        import torch

        sides = (pixels.height, pixels.width) + ((pixels.channels,) if pixels.channels > 1 else ())
        return torch.frombuffer(pixels, dtype=torch.uint8).view(sides)
    import numpy

    return numpy.asarray(pixels)


class Stream:
    """Samples as they arrive: an iterator, an async iterator, and a context manager that closes it."""

    def __init__(self, core, form):
        self._core = core
        self._form = form
        self._ready = collections.deque()
        self._over = False
        _running.add(self)

    def __iter__(self):
        return self

    def __next__(self):
        while not self._ready:
            if self._over:
                raise StopIteration
            self._take(_LOOK)
        return Sample(self._ready.popleft(), self._form)

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self._ready:
            if self._over:
                raise StopAsyncIteration
            self._take(0)  # what is there needs no thread
            if not self._ready and not self._over:
                await asyncio.to_thread(self._take, _LOOK)
        return Sample(self._ready.popleft(), self._form)

    def _take(self, seconds):
        try:
            samples = self._core.take(_AT_ONCE, seconds)
        except BaseException:
            self._over = True
            raise
        if samples is None:
            self._over = True
        else:
            self._ready.extend(samples)

    def stats(self):
        """Returns the counters so far."""
        return self._core.stats()

    def close(self):
        """Drops what is on its way; the iteration ends."""
        self._over = True
        self._ready.clear()
        self._core.stop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def stream(urls, *, ordered=False, form="numpy", **options):
    """Yields samples as they arrive, without a folder.

    The engine runs ahead by a bounded number of rows and bytes and waits there for its reader. Failed rows are samples
    too, without an image.

    Args:
        urls: As of `pixhaul.download`.
        ordered: In the order of the rows; the slowest of 512 then holds up the rest.
        form: What an image is: "numpy" or "torch", pixels that are not copied, resized as the options say; or "bytes",
            encoded.

    Returns:
        A Stream, for `for` and `async for`.

    Raises:
        OptionError: An option has an impossible value.
        InputError: The rows cannot be read.
    """
    if form not in _FORMS:
        raise ValueError(f"form cannot be {form!r}: it takes one of {', '.join(_FORMS)}")
    settings = _options.from_keywords(options, skip=_options.OF_FOLDERS)
    rows = rows_of(urls, settings)
    core = _core.Stream(settings, rows.urls, rows.at_once, rows.table, rows.name, ordered, form == "bytes")
    return Stream(core, form)
