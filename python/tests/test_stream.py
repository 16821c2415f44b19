"""pixhaul.stream: samples, their forms and order, back-pressure, how it ends."""

import asyncio
import ctypes
import gc
import io
import threading
import time

import numpy
import pytest
from PIL import Image

import pixhaul


def test_pixels_are_those_that_pillow_sees(origin):
    url = origin.url("/img/40/20/7.png")
    [sample] = pixhaul.stream([url])
    expected = numpy.asarray(Image.open(io.BytesIO(origin.get("/img/40/20/7.png"))).convert("RGB"))
    assert sample.ok and sample.image.shape == (20, 40, 3) and sample.image.dtype == numpy.uint8
    assert (sample.image == expected).all()


def test_options_resize(origin):
    samples = list(pixhaul.stream([origin.url(f"/img/640/480/{i}.jpg") for i in range(3)], resize_mode="center_crop",
                                  image_size=64))
    assert [sample.image.shape for sample in samples] == [(64, 64, 3)] * 3
    assert samples[0].outcome.original_width == 640


def test_shrinking_while_decoding_keeps_the_picture(origin):
    """libjpeg makes 640 × 480 in a quarter before the rest is resized; Pillow's mean of all pixels is the measure."""
    path = "/img/640/480/3.jpg"
    [sample] = pixhaul.stream([origin.url(path)], resize_mode="border", image_size=80)
    whole = Image.open(io.BytesIO(origin.get(path))).convert("RGB").resize((80, 60), Image.Resampling.BOX)
    picture = sample.image[10:70].astype(float)
    error = ((picture - numpy.asarray(whole, dtype=float)) ** 2).mean()
    assert 10 * numpy.log10(255 ** 2 / max(error, 1e-9)) > 30
    assert (sample.image[0] == 255).all()


def test_arrays_are_the_engines_memory_and_outlive_the_stream(origin):
    samples = list(pixhaul.stream(origin.images(4)))
    images = [sample.image for sample in samples]
    sums = [int(image.sum()) for image in images]
    assert all(image.base is not None and not image.flags.owndata for image in images)
    del samples
    gc.collect()
    assert [int(image.sum()) for image in images] == sums
    images[0][:] = 7  # theirs to change
    assert images[0].max() == 7


def test_bytes_are_what_was_served(origin):
    [sample] = pixhaul.stream([origin.url("/img/24/24/1.jpg")], form="bytes")
    assert sample.image == origin.get("/img/24/24/1.jpg")


def test_failed_rows_are_samples_too(origin):
    urls = [origin.images(1)[0], origin.url("/status/404"), "no url", origin.url("/html")]
    found = {sample.url: (sample.status, sample.image is None) for sample in pixhaul.stream(urls)}
    assert found == {urls[0]: ("success", False), urls[1]: ("http_4xx", True), urls[2]: ("bad_url", True),
                     urls[3]: ("not_image", True)}


def test_order_is_kept_on_request(origin):
    urls = [origin.url("/slow/head?ms=200"), *origin.images(600), "no url", *origin.images(10)]
    assert [sample.url for sample in pixhaul.stream(urls, ordered=True)] == urls
    assert sorted(sample.index for sample in pixhaul.stream(urls)) == list(range(len(urls)))


def test_workers_share_the_rows(origin):
    urls = origin.images(10)
    parts = [{sample.index for sample in pixhaul.stream(urls, worker_index=i, worker_count=3, ordered=True)}
             for i in range(3)]
    assert parts == [{0, 3, 6, 9}, {1, 4, 7}, {2, 5, 8}]


def test_a_reader_that_waits_holds_up_the_rows(origin):
    """The look-ahead is bounded: of 3,000 rows only so many are fetched while nobody takes a sample."""
    origin.ledger(clear=True)
    with pixhaul.stream(origin.images(3000, first=5000), ordered=True) as stream:
        next(stream)
        seen = -1
        while (now := len(origin.ledger()["requests"])) != seen:
            seen = now
            time.sleep(0.2)
        assert 100 < seen <= 600
        assert sum(1 for _ in stream) == 2999


def test_full_lines_of_large_pictures_end(origin):
    """Together more than the bytes that may wait, in order and not."""
    urls = [origin.url(f"/img/64/64/{i}.jpg") for i in range(200)]
    for ordered in (False, True):
        stream = pixhaul.stream(urls, ordered=ordered, resize_mode="border", image_size=1024, memory="128MiB")
        time.sleep(0.3)
        assert sum(sample.image.nbytes for sample in stream) == 200 * 1024 * 1024 * 3


def test_it_ends_when_it_is_closed(origin):
    stream = pixhaul.stream(origin.images(2000))
    next(stream)
    stream.close()
    assert list(stream) == []
    stream = pixhaul.stream([origin.url("/stall/body")])
    began = time.monotonic()
    del stream
    gc.collect()
    assert time.monotonic() - began < 5


def test_what_an_iterator_raises_comes_behind_its_rows(origin):
    def made():
        yield from origin.images(3)
        raise LookupError("mine")

    stream = pixhaul.stream(made())
    assert [next(stream).ok for _ in range(3)] == [True] * 3
    with pytest.raises(LookupError, match="mine"):
        next(stream)


def test_samples_may_make_further_urls(origin):
    """What a crawler does: the next URL comes of the last sample."""
    taken = threading.Semaphore(1)
    urls = iter(origin.images(20))

    def made():
        for url in urls:
            taken.acquire()
            yield url

    count = 0
    for sample in pixhaul.stream(made()):
        count += sample.ok
        taken.release()
    assert count == 20


def test_the_loop_goes_on_meanwhile(origin):
    async def read():
        turns = 0

        async def tick():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        statuses = [sample.status async for sample in pixhaul.stream([origin.url("/slow/head?ms=300")])]
        ticking.cancel()
        return statuses, turns

    statuses, turns = asyncio.run(read())
    assert statuses == ["success"] and turns > 10


def test_options_of_folders_are_refused(origin):
    with pytest.raises(TypeError, match="output_folder"):
        pixhaul.stream([], output_folder="x")
    with pytest.raises(ValueError, match="form"):
        pixhaul.stream([], form="tiff")


def test_memory_is_given_back(origin):
    """Of 300 pictures of 1 MB each, taken one at a time."""
    def resident():
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    options = {"resize_mode": "border", "image_size": 600}
    for _ in pixhaul.stream(origin.images(100), **options):
        pass
    before = resident()
    for sample in pixhaul.stream(origin.images(300), **options):
        assert sample.ok
    del sample
    assert resident() - before < 100e6
