"""img2dataset's Reader over the engine's: lists cut into shards, each a file of Arrow's for whoever downloads it."""

import os

from .. import _core
from .main import literal


class Reader:
    """Iterating gives (shard number, path of its rows) for every shard that is not in `done_shards`."""

    def __init__(self, url_list, input_format, url_col, caption_col, verify_hash_col, verify_hash_type,
                 save_additional_columns, number_sample_per_shard, done_shards, tmp_path, start_shard_id=0):
        self.input_format = input_format
        self.url_col = url_col
        self.caption_col = caption_col
        self.verify_hash_col = verify_hash_col
        self.verify_hash_type = verify_hash_type
        self.save_additional_columns = save_additional_columns
        self.number_sample_per_shard = number_sample_per_shard
        self.done_shards = done_shards
        self.tmp_path = tmp_path
        self.start_shard_id = start_shard_id
        if verify_hash_col is not None and verify_hash_type not in ("md5", "sha256", "sha512"):
            raise ValueError(f"Invalid hash type {verify_hash_type}")
        self._parameters = _core.Img2datasetParameters()
        given = {"url_list": url_list, "input_format": input_format, "url_col": url_col, "caption_col": caption_col,
                 "save_additional_columns": save_additional_columns,
                 "number_sample_per_shard": number_sample_per_shard}
        if verify_hash_col is not None:
            given |= {"verify_hash": [verify_hash_col, verify_hash_type], "compute_hash": verify_hash_type}
        for name, value in given.items():
            self._parameters.set(name, literal(value))
        self.input_files = _core.img2dataset_lists(self._parameters).names()
        self.column_list = ["url"]
        if not input_format.startswith("txt"):
            caption = ["caption"] if caption_col is not None else []
            digest = [verify_hash_type] if verify_hash_col is not None else []
            self.column_list = [*(save_additional_columns or []), *caption, *digest, "url"]

    def __iter__(self):
        lists = _core.img2dataset_lists(self._parameters)
        while (shard := lists.next()) is not None:
            number = self.start_shard_id + shard[0]
            if number not in self.done_shards:
                yield number, self._write(number, shard[1], shard[2])

    def _write(self, number, columns, urls):
        import pyarrow

        if columns:
            table = pyarrow.ipc.open_stream(columns).read_all().select(self.column_list)
        else:
            table = pyarrow.table({"url": urls})
        path = os.path.join(self.tmp_path, f"{number}.feather")
        with pyarrow.OSFile(path, "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        return path
