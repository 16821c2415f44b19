"""img2dataset's Downloader: one shard at a time, its images over the engine's connections, its samples to a writer.

A run of `download` does not come through here; this is for programs that put img2dataset's parts together themselves.
"""

import hashlib
import io
import math
import os
import time
import traceback

from .. import _core
from .._fetch import Session
from .logger import CappedCounter, write_stats

_DIRECTIVES = "disallowed_header_directives"


def is_disallowed(headers, user_agent_token, disallowed_header_directives):
    """Returns whether response headers forbid the use of their image; `headers` has get_all()."""
    return _core.is_disallowed(list(headers.get_all("X-Robots-Tag", [])), user_agent_token or "pixhaul",
                               sorted(disallowed_header_directives or ()))


def compute_key(key, shard_id, oom_sample_per_shard, oom_shard_count):
    """Returns the name of a shard's row."""
    return f"{10**oom_sample_per_shard * shard_id + key:0{oom_sample_per_shard + oom_shard_count}d}"


def _session(timeout, retries, user_agent_token, disallowed_header_directives, concurrency=None):
    options = {"validate": "none", "retries": retries, "connect_timeout": timeout, "tls_timeout": timeout,
               "first_byte_timeout": timeout, "deadline": max(30, 3 * timeout),
               _DIRECTIVES: sorted(disallowed_header_directives or ())}
    if user_agent_token:
        options["user_agent_token"] = user_agent_token
    if concurrency:
        options["concurrency"] = concurrency
    return Session(**options)


def _stream_and_error(fetched):
    if fetched.ok:
        return io.BytesIO(fetched.body), None
    return None, _core.img2dataset_words(fetched.outcome)[1]


def download_image(row, timeout, user_agent_token, disallowed_header_directives):
    """Returns the row's key with a stream of its image, or None and what is wrong."""
    return download_image_with_retry(row, timeout, 0, user_agent_token, disallowed_header_directives)


def download_image_with_retry(row, timeout, retries, user_agent_token, disallowed_header_directives):
    """The same; what may pass is tried again."""
    key, url = row
    with _session(timeout, retries, user_agent_token, disallowed_header_directives) as session:
        return (key, *_stream_and_error(session.fetch_all([url])[0]))


class Downloader:
    """Called with (shard number, path of its rows); returns whether it worked, and the same again."""

    def __init__(self, sample_writer_class, resizer, thread_count, save_caption, extract_exif, output_folder, column_list,
                 timeout, number_sample_per_shard, oom_shard_count, compute_hash, verify_hash_type, encode_format, retries,
                 user_agent_token, disallowed_header_directives, blurring_bbox_col=None):
        self.sample_writer_class = sample_writer_class
        self.resizer = resizer
        self.thread_count = thread_count
        self.save_caption = save_caption
        self.extract_exif = extract_exif
        self.output_folder = output_folder
        self.column_list = column_list
        self.timeout = timeout
        self.number_sample_per_shard = number_sample_per_shard
        self.oom_shard_count = oom_shard_count
        self.compute_hash = compute_hash
        self.verify_hash_type = verify_hash_type
        self.encode_format = encode_format
        self.retries = retries
        self.user_agent_token = None if user_agent_token is None else user_agent_token.strip().lower()
        self.disallowed_header_directives = (
            None if disallowed_header_directives is None
            else {directive.strip().lower() for directive in disallowed_header_directives})
        self.blurring_bbox_col = blurring_bbox_col

    def __call__(self, row):
        try:
            self.download_shard(row)
            return True, row
        except Exception as error:
            traceback.print_exc()
            print(f"shard {row[0]} failed with error {error}")
            return False, row

    def download_shard(self, row):
        """Downloads a shard, writes its stats and removes the file of its rows."""
        import pyarrow

        shard_id, shard_file = row
        started = time.time()
        with pyarrow.OSFile(shard_file, "rb") as file:
            table = pyarrow.ipc.open_file(file).read_all()
        counts = {"success": 0, "failed_to_download": 0, "failed_to_resize": 0}
        statuses = CappedCounter()
        digits = math.ceil(math.log10(self.number_sample_per_shard))
        writer = self.sample_writer_class(shard_id, self.output_folder, self.save_caption, self.oom_shard_count,
                                          self._schema(table.schema, pyarrow), self.encode_format)
        rows = table.select(self.column_list).to_pylist()
        with _session(self.timeout, self.retries, self.user_agent_token, self.disallowed_header_directives,
                      self.thread_count) as session:
            # As many bodies at once as img2dataset holds.
            for begin in range(0, len(rows), 2 * self.thread_count):
                some = rows[begin:begin + 2 * self.thread_count]
                for i, fetched in enumerate(session.fetch_all([row["url"] or "" for row in some]), begin):
                    meta, image = self._sample(rows[i], compute_key(i, shard_id, digits, self.oom_shard_count), fetched)
                    counts[meta["status"]] += 1
                    statuses.increment(meta["error_message"] or "success")
                    writer.write(image, meta["key"], rows[i].get("caption"), meta)
        writer.close()
        write_stats(self.output_folder, shard_id, len(rows), counts["success"], counts["failed_to_download"],
                    counts["failed_to_resize"], started, time.time(), statuses, self.oom_shard_count)
        os.remove(shard_file)

    def _schema(self, schema, pyarrow):
        texts = ["key", "status", "error_message"]
        sizes = ["width", "height", "original_width", "original_height"]
        more = (["exif"] if self.extract_exif else []) + ([self.compute_hash] if self.compute_hash else [])
        fields = [(name, pyarrow.string()) for name in texts] + [(name, pyarrow.int32()) for name in sizes]
        for name, kind in fields + [(name, pyarrow.string()) for name in more]:
            if name not in schema.names:
                schema = schema.append(pyarrow.field(name, kind))
        return schema

    def _sample(self, row, key, fetched):
        """Returns what the table says of the row, and its sample's bytes."""
        expected = row.get(self.verify_hash_type) if self.verify_hash_type in self.column_list else None
        meta = {name: value for name, value in row.items() if name != self.verify_hash_type}
        meta |= {"key": key, "status": "failed_to_download", "error_message": None, "width": None, "height": None,
                 "original_width": None, "original_height": None}
        if self.extract_exif:
            meta["exif"] = None
        if self.compute_hash is not None:
            meta[self.compute_hash] = None
        stream, meta["error_message"] = _stream_and_error(fetched)
        if stream is None:
            return meta, None
        if self.verify_hash_type in self.column_list:
            if hashlib.new(self.verify_hash_type, fetched.body).hexdigest() != expected:
                meta["error_message"] = "hash mismatch"
                return meta, None
        boxes = row[self.blurring_bbox_col] if self.blurring_bbox_col is not None else None
        image, width, height, original_width, original_height, wrong = self.resizer(stream, boxes)
        if wrong is not None:
            meta |= {"status": "failed_to_resize", "error_message": wrong}
            return meta, None
        meta |= {"status": "success", "width": width, "height": height, "original_width": original_width,
                 "original_height": original_height}
        if self.extract_exif:
            meta["exif"] = _core.exif_json(fetched.body)
        if self.compute_hash is not None:
            meta[self.compute_hash] = hashlib.new(self.compute_hash, fetched.body).hexdigest()
        return meta, image
