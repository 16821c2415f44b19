"""pixhaul.fetch and pixhaul.Session."""

import asyncio
import hashlib
import threading

import pixhaul


def test_one_image(origin):
    fetched = pixhaul.fetch(origin.images(1)[0])
    assert fetched.ok and fetched.status == "success" and fetched.body[:2] == b"\xff\xd8"
    assert fetched.outcome.digest == hashlib.sha256(fetched.body).hexdigest()
    assert (fetched.outcome.width, fetched.outcome.media_type) == (24, "image/jpeg")


def test_a_failure_is_a_status(origin):
    fetched = pixhaul.fetch(origin.url("/status/410"))
    assert (fetched.ok, fetched.status, fetched.body, fetched.outcome.http_status) == (False, "http_4xx", b"", 410)
    assert pixhaul.fetch("no url").status == "bad_url"


def test_options_shape_it(origin):
    fetched = pixhaul.fetch(origin.url("/img/80/40/1.png"), resize_mode="center_crop", image_size=32,
                            encode_format="webp")
    assert fetched.body[8:12] == b"WEBP"
    assert (fetched.outcome.width, fetched.outcome.height, fetched.outcome.original_width) == (32, 32, 80)


def test_it_can_be_awaited(origin):
    async def all_of_them():
        one = await pixhaul.fetch(origin.images(1)[0])
        with pixhaul.Session() as session:
            return [one, *await asyncio.gather(*(session.fetch(url) for url in origin.images(5)))]

    assert [fetched.status for fetched in asyncio.run(all_of_them())] == ["success"] * 6


def test_in_a_notebook_reading_waits(origin):
    """There an event loop runs, and nobody writes await."""
    async def cell():
        return pixhaul.fetch(origin.url("/slow/head?ms=200")).status

    assert asyncio.run(cell()) == "success"


def test_a_session_keeps_connections(origin):
    with pixhaul.Session() as session:
        assert all(session.fetch(url).ok for url in origin.images(8))
        assert [fetched.ok for fetched in session.fetch_all(origin.images(8))] == [True] * 8
        assert session.stats()["requests"] == 16
        assert session.stats()["connections_opened"] < 10


def test_threads_may_share_a_session(origin):
    with pixhaul.Session() as session:
        results = []
        threads = [threading.Thread(target=lambda u=u: results.append(session.fetch(u).ok)) for u in origin.images(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [True] * 6
