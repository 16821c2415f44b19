"""An output folder in a form that does not depend on who made it or in which format."""

import json
import pathlib
import tarfile
from collections import Counter

import pyarrow.parquet as pq

COLUMNS_OF_IMAGES = ("jpg", "png", "webp")


class Output:
    """What a folder holds: file names, schemas, rows and samples by key, stats by shard."""

    def __init__(self, folder, output_format):
        folder = pathlib.Path(folder)
        self.files = {str(path.relative_to(folder)) for path in folder.rglob("*")
                      if path.is_file() and ".pixhaul" not in path.parts}
        self.stats = {path.name: json.loads(path.read_text()) for path in folder.glob("*_stats.json")}
        self.schemas, self.rows, self.samples, self.images = {}, {}, {}, {}
        for path in sorted(folder.glob("*.parquet")):
            self._read_table(path)
        if output_format == "files":
            for path in sorted(folder.glob("*/*")):
                if ".pixhaul" not in path.parts:
                    self._add_sample(path.stem, path.suffix[1:], path.read_bytes())
        elif output_format == "webdataset":
            for path in sorted(folder.glob("*.tar")):
                self._read_tar(path)

    def _read_table(self, path):
        table = pq.read_table(path)
        self.schemas[path.name] = [(field.name, str(field.type)) for field in table.schema]
        for row in table.to_pylist():
            for column in COLUMNS_OF_IMAGES:
                if column in row and (data := row.pop(column)) is not None:
                    self.images[row["key"]] = data
            self.rows[row["key"]] = row

    def _read_tar(self, path):
        with tarfile.open(path) as tar:
            for member in tar.getmembers():
                key, extension = member.name.split(".", 1)
                self._add_sample(key, extension, tar.extractfile(member).read())
                facts = (oct(member.mode), member.uname, member.gname)
                self.samples[key].setdefault("member", facts)

    def _add_sample(self, key, extension, data):
        sample = self.samples.setdefault(key, {})
        if extension == "json":
            sample["json"] = json.loads(data)
            sample["json order"] = list(sample["json"])
        elif extension == "txt":
            sample["caption"] = data.decode()
        else:
            self.images[key] = data

    def counts(self):
        """Returns what the stats have to say, by the rows themselves."""
        shards = {}
        for name in self.stats:
            shard = name.removesuffix("_stats.json")
            rows = [row for key, row in self.rows.items() if self._shard_of(key, shard)]
            status = Counter(row["status"] for row in rows)
            words = Counter(row["error_message"] or "success" for row in rows)
            shards[name] = {"count": len(rows), "successes": status["success"],
                            "failed_to_download": status["failed_to_download"],
                            "failed_to_resize": status["failed_to_resize"], "status_dict": dict(words)}
        return shards

    @staticmethod
    def _shard_of(key, shard):
        return key.startswith(shard)
