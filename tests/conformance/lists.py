"""The rows that both programs are given, as files of every input format."""

import csv
import gzip
import hashlib
import io
import json
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

from pictures import all_pictures

_BOXES = [[[0.1, 0.2, 0.45, 0.6]], [[0.5, 0.5, 0.9, 0.95], [0.0, 0.0, 0.2, 0.3]], []]
_LABELS = ("plain", "with, comma", 'with "quotes"', "ümlaut €", "")


def put_pictures(origin):
    """Gives the origin every picture; returns their digests by path."""
    digests = {}
    for name, data in all_pictures().items():
        origin.put(f"/c/{name}", data)
        digests[f"/c/{name}"] = hashlib.sha256(data).hexdigest()
    return digests


def rows(origin, digests):
    """Returns the rows in order; `name` is what a finding calls each."""
    urls = [(path.rsplit("/", 1)[1], origin.url(path)) for path in digests]
    urls += [
        ("gone", origin.url("/status/404")),
        ("forbidden", origin.url("/status/403")),
        ("server error", origin.url("/status/500")),
        ("redirected", origin.url("/redirect/301/1?to=/img/60/50/5.jpg")),
        ("opted out", origin.url("/robots_tag?value=noai")),
        ("opted out among values", origin.url("/robots_tag?value=max-image-preview:%20large,%20noai")),
        ("cut in transfer", origin.url("/truncated.jpg?keep=400")),
        ("refused", f"http://127.0.0.1:{origin.refusing_port}/a.jpg"),
        ("with a fragment", origin.url("/img/50/40/9.jpg#part")),
        ("with a blank", origin.url("/img/50/40/1.jpg?a b")),
        ("not ASCII", origin.url("/img/50/40/2.jpg?ä")),
        ("no scheme", "www.example.org/a.jpg"),
        ("other scheme", "gopher://example.org/a.jpg"),
        ("twice", origin.url("/c/square.jpg")),
    ]
    found = []
    for i, (name, url) in enumerate(urls):
        path = url[url.index("/", 8):] if "://" in url else url
        found.append({"name": name, "link": url, "text": None if i % 7 == 3 else f"caption {i}, \"quoted\" é", "n": i * 3,
                      "score": i / 4, "label": _LABELS[i % len(_LABELS)], "boxes": _BOXES[i % len(_BOXES)],
                      "digest": "0" * 64 if i % 5 == 4 else digests.get(path, "")})
    return found


def of_format(input_format, given):
    """Returns the rows that a format's lists have: a comma in a list of lines ends img2dataset's whole run."""
    return [row for row in given if "," not in row["link"]] if input_format.startswith("txt") else given


def write(folder, given):
    """Writes the rows in every input format; returns paths by format."""
    folder = pathlib.Path(folder)
    flat = ("link", "text", "n", "score", "label", "digest")
    records = [{key: value for key, value in row.items() if key != "name"} for row in given]
    texts = {
        "txt": "".join(row["link"] + "\n" for row in of_format("txt", given)),
        "csv": _separated(given, flat, ","),
        "tsv": _separated(given, flat, "\t"),
        "json": json.dumps(records, ensure_ascii=False),
        "jsonl": "".join(json.dumps(record) + "\n" for record in records),
    }
    paths = {}
    for name, text in texts.items():
        data = text.encode()
        for end, encode in (("", bytes), (".gz", gzip.compress)):
            paths[name + end] = folder / f"list.{name}{end}"
            paths[name + end].write_bytes(encode(data))
    paths["parquet"] = folder / "list.parquet"
    pq.write_table(pa.Table.from_pylist(records), paths["parquet"])
    return paths


def _separated(given, columns, delimiter):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(columns)
    for row in given:
        writer.writerow(["" if row[column] is None else row[column] for column in columns])
    return out.getvalue()
