"""Tables of other libraries, by Arrow's C stream interface. pyarrow here is the very version that pixhaul holds a copy of:
of all versions the one that would be taken for it."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import pixhaul

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYARROW = next((ROOT / "build/venv/arrow").glob("lib/python3*/site-packages"), None)
needs_pyarrow = pytest.mark.skipif(PYARROW is None, reason="Arrow is the system's here: there is no pyarrow to lie beside")


class Columns:
    """A table that speaks the interface, made by pyarrow in this process."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.fixture
def pa():
    sys.path.append(str(PYARROW))
    import pyarrow

    yield pyarrow
    sys.path.remove(str(PYARROW))


@needs_pyarrow
@pytest.mark.parametrize("order", ["pixhaul", "pyarrow"])
def test_a_users_pyarrow_lies_beside_ours(order):
    path = os.pathsep.join([os.path.dirname(os.path.dirname(pixhaul.__file__)), str(PYARROW)])
    done = subprocess.run([sys.executable, ROOT / "python/tests/pyarrow_beside.py", "--here", order],
                          env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@needs_pyarrow
def test_columns_are_kept(origin, out, pa):
    urls = origin.images(10)
    table = pa.table({"link": urls, "text": [None, *map(str, range(9))], "tags": [["a", "b"]] * 10,
                      "more": pa.array(["x"] * 10).dictionary_encode()})
    options = {"url_col": "link", "caption_col": "text", "save_additional_columns": ["tags", "more"]}
    assert pixhaul.download(Columns(table), output_folder=out, output_format="webdataset", **options).images == 10
    samples = list(pixhaul.stream(table, ordered=True, **options))
    assert [sample.caption for sample in samples] == [None, *map(str, range(9))]
    assert samples[3].metadata["tags"] == ["a", "b"] and samples[3].metadata["more"] == "x"


@needs_pyarrow
@pytest.mark.parametrize("kind", ["string", "large_string", "string_view"])
def test_texts_of_every_kind(origin, kind, pa):
    """polars has views, pandas large strings."""
    urls = origin.images(5)
    table = pa.table({"url": pa.array(urls, getattr(pa, kind)())})
    assert [sample.url for sample in pixhaul.stream(table, ordered=True)] == urls


@needs_pyarrow
def test_a_stream_of_batches_is_read_once_and_in_order(origin, pa):
    urls = origin.images(5000)
    batches = [pa.record_batch({"url": urls[i:i + 1700]}) for i in range(0, 5000, 1700)]
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))
    assert [sample.url for sample in pixhaul.stream(reader, ordered=True, max_rows=4000)] == urls[:4000]


@needs_pyarrow
def test_a_mistyped_column_is_named(origin, pa):
    with pytest.raises(pixhaul.InputError, match="has no column 'url'.*url_col URL"):
        pixhaul.stream(pa.table({"URL": ["http://x/"]}))
    with pytest.raises(pixhaul.InputError, match="not text"):
        pixhaul.stream(pa.table({"url": [["http://x/"]]}))


@needs_pyarrow
def test_what_a_stream_raises_is_an_input_error(pa):
    def batches():
        yield pa.record_batch({"url": ["no url"]})
        raise ValueError("mine")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"url": pa.string()}), batches())
    stream = pixhaul.stream(reader)
    assert next(stream).status == "bad_url"
    with pytest.raises(pixhaul.InputError, match="mine"):
        next(stream)


def test_rows_name_the_table_and_the_row(origin, out, tmp_path):
    (tmp_path / "urls.csv").write_text("url\n" + "\n".join(origin.images(2)) + "\n")
    pixhaul.download(tmp_path / "urls.csv", output_folder=out)
    assert json.loads((out / "00000.jsonl").read_text().splitlines()[0])["line"] == 2
