"""img2dataset's writers of samples, one call a sample. A run does not use them: its own write shards whole."""

import io
import json
import os
import struct
import tarfile

from .. import _core


def _shard_name(shard_id, oom_shard_count):
    return f"{shard_id:0{oom_shard_count}d}"


def _text(caption):
    return "" if caption is None else str(caption)


def _plain(value):
    return value.tolist() if hasattr(value, "tolist") else value


def _json(meta):
    for name, value in meta.items():
        meta[name] = _plain(value)
    return json.dumps(meta, indent=4)


# ---- tf.train.Example, whose only field 1 is Features, whose field 1 is a map from names to Feature


def _varint(number):
    number &= (1 << 64) - 1
    data = bytearray()
    while number > 0x7F:
        data.append(number & 0x7F | 0x80)
        number >>= 7
    data.append(number)
    return bytes(data)


def _field(number, data):
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _feature(value):
    values = value if isinstance(value, list) else [value]
    if values and all(isinstance(item, int) for item in values):
        return _field(3, _field(1, b"".join(map(_varint, values))))
    if values and all(isinstance(item, (int, float)) for item in values):
        return _field(2, _field(1, struct.pack(f"<{len(values)}f", *values)))
    as_bytes = [item if isinstance(item, bytes) else _text(item).encode() for item in values]
    return _field(1, b"".join(_field(1, item) for item in as_bytes))


def _example(features):
    entries = [_field(1, _field(1, name.encode()) + _field(2, _feature(value))) for name, value in features.items()]
    return _field(1, b"".join(entries))


class BufferedParquetWriter:
    """Rows of a parquet file, `buffer_size` of them to a group."""

    def __init__(self, output_file, schema, buffer_size=100):
        import pyarrow.parquet

        self.schema = schema
        self.buffer_size = buffer_size
        self.buffer = []
        self.parquet_writer = pyarrow.parquet.ParquetWriter(output_file, schema)

    def write(self, sample):
        if len(self.buffer) >= self.buffer_size:
            self.flush()
        self.buffer.append({name: _plain(sample[name]) for name in self.schema.names})

    def flush(self):
        import pyarrow

        if self.buffer:
            self.parquet_writer.write_table(pyarrow.Table.from_pylist(self.buffer, schema=self.schema))
            self.buffer = []

    def close(self):
        if self.parquet_writer is None:
            return
        self.flush()
        self.parquet_writer.close()
        self.parquet_writer = None


class _SampleWriter:
    """What the writers below share: the table beside the samples."""

    def __init__(self, shard_id, output_folder, save_caption, oom_shard_count, schema, encode_format):
        self.shard_id = shard_id
        self.oom_shard_count = oom_shard_count
        self.save_caption = save_caption
        self.encode_format = encode_format
        self.base = os.path.join(output_folder, _shard_name(shard_id, oom_shard_count))
        self.buffered_parquet_writer = BufferedParquetWriter(self.base + ".parquet", self._schema(schema))

    def _schema(self, schema):
        return schema

    def write(self, img_str, key, caption, meta):
        if img_str is not None:
            parts = {self.encode_format: img_str, "json": _json(meta).encode()}
            if self.save_caption:
                parts["txt"] = _text(caption).encode()
            self._write_parts(key, parts, meta)
        self.buffered_parquet_writer.write(meta)

    def close(self):
        self.buffered_parquet_writer.close()


class FilesSampleWriter(_SampleWriter):
    """A file for each part of a sample in the shard's folder."""

    def __init__(self, *arguments, **given):
        super().__init__(*arguments, **given)
        os.makedirs(self.base, exist_ok=True)

    def _write_parts(self, key, parts, _meta):
        for extension, data in parts.items():
            with open(os.path.join(self.base, f"{key}.{extension}"), "wb") as file:
                file.write(data)


class WebDatasetSampleWriter(_SampleWriter):
    """A tar."""

    def __init__(self, *arguments, **given):
        super().__init__(*arguments, **given)
        self.tar = tarfile.open(self.base + ".tar", "w", format=tarfile.USTAR_FORMAT)

    def _write_parts(self, key, parts, _meta):
        for extension in sorted(parts):
            member = tarfile.TarInfo(f"{key}.{extension}")
            member.size = len(parts[extension])
            member.mode = 0o444
            member.uname = member.gname = "bigdata"
            self.tar.addfile(member, io.BytesIO(parts[extension]))

    def close(self):
        super().close()
        self.tar.close()


class ParquetSampleWriter(_SampleWriter):
    """Images in the table itself."""

    def _schema(self, schema):
        import pyarrow

        return schema.append(pyarrow.field(self.encode_format, pyarrow.binary()))

    def write(self, img_str, key, caption, meta):
        self.buffered_parquet_writer.write({"key": key, self.encode_format: img_str, **meta})


class TFRecordSampleWriter(_SampleWriter):
    """Records with an Example each."""

    def __init__(self, *arguments, **given):
        super().__init__(*arguments, **given)
        self.file = open(self.base + ".tfrecord", "wb")

    def _write_parts(self, key, parts, meta):
        features = {"key": key, self.encode_format: parts[self.encode_format]}
        if "txt" in parts:
            features["txt"] = parts["txt"]
        features.update(meta)
        self.file.write(_core.tfrecord_frame(_example(features)))

    def close(self):
        super().close()
        self.file.close()


class DummySampleWriter:
    """Writes nothing."""

    def __init__(self, shard_id, output_folder, save_caption, oom_shard_count, schema, encode_format):
        pass

    def write(self, img_str, key, caption, meta):
        pass

    def close(self):
        pass
