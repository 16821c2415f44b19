"""One image at a time: pixhaul.fetch and pixhaul.Session."""

import asyncio
import concurrent.futures

from . import _core, _options


class Fetched:
    """One image and what became of it. It may still be on its way: reading an attribute waits for it, and so does
    `await`, without holding up the event loop.

    Attributes:
        url: As given.
        status: "success", or why there is no image.
        ok: Whether it is one.
        body: The image's bytes; b"" without one.
        outcome: Every fact: http_status, width, height, media_type, digest, final_url, times_ms and so on.
    """

    __slots__ = ("url", "_future")

    def __init__(self, url, future):
        self.url = url
        self._future = future

    @property
    def outcome(self):
        return self._future.result()[0]

    @property
    def body(self):
        return self._future.result()[1]

    @property
    def status(self):
        return self.outcome.status

    @property
    def ok(self):
        return self.outcome.ok

    def done(self):
        """Returns whether it has arrived or failed."""
        return self._future.done()

    def __await__(self):
        yield from asyncio.wrap_future(self._future).__await__()
        return self

    def __repr__(self):
        if not self.done():
            return f"<Fetched {self.url!r}: on its way>"
        return f"<Fetched {self.url!r}: {self.status}, {len(self.body):,} bytes>"


class Session:
    """Keeps connections, TLS sessions and DNS answers between calls. Any thread.

    Args:
        options: As of `pixhaul.download`; those of the output have no meaning here.
    """

    def __init__(self, **options):
        self._core = _core.Session(_options.from_keywords(options, skip=_options.OF_ROWS))
        self._threads = None

    def fetch(self, url):
        """Fetches one image; see `pixhaul.fetch`."""
        return _fetch(url, self._threads_or_new, self._core)

    def fetch_all(self, urls):
        """Fetches all of them at once, as `concurrency` and `host_concurrency` allow; in their order."""
        urls = list(urls)
        return [_arrived(url, result) for url, result in zip(urls, self._core.fetch_all(urls))]

    def stats(self):
        """Returns the counters since the session was made."""
        return self._core.stats()

    def close(self):
        """Closes the connections."""
        self._core = None
        if self._threads is not None:
            self._threads.shutdown()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _threads_or_new(self):
        if self._threads is None:
            self._threads = concurrent.futures.ThreadPoolExecutor(1, "pixhaul")
        return self._threads


def fetch(url, **options):
    """Fetches one image over a connection of its own.

    In ordinary code it returns when the image is there. Where an event loop runs (a coroutine, a notebook) it returns
    at once: `await` the result, or read it and so wait. A URL that fails has a status, and raises nothing.

    Args:
        url: The image's URL.

    Returns:
        A Fetched: status, body, outcome.

    Raises:
        OptionError: An option has an impossible value.
    """
    session = _core.Session(_options.from_keywords(options, skip=_options.OF_ROWS))
    return _fetch(url, _one_shot_threads, session)


_threads = None


def _one_shot_threads():
    global _threads
    if _threads is None:
        _threads = concurrent.futures.ThreadPoolExecutor(16, "pixhaul")
    return _threads


def _fetch(url, threads, session):
    if not isinstance(url, str):
        raise TypeError(f"a URL is of type str, not {type(url).__name__}")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _arrived(url, session.fetch_all([url])[0])
    return Fetched(url, threads().submit(lambda: session.fetch_all([url])[0]))


def _arrived(url, result):
    future = concurrent.futures.Future()
    future.set_result(result)
    return Fetched(url, future)
