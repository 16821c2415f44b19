"""Runs outside the cover: what img2dataset stumbles over, and folders of several lists or runs."""

import dataclasses
import json
import pathlib
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Special:
    """`lists`: text by file name, the first is the list unless `list` names another path. `before`: makes the output
    folder; `runs`: parameters of one run after the other over it."""

    name: str
    lists: dict
    runs: tuple
    list: str = ""
    before: Callable = None


def all_specials(origin, folder):
    """Returns them; `folder`: for files that rows refer to."""
    pictures = [origin.url(f"/img/50/40/{i}.jpg") for i in range(5)]
    lines = "".join(url + "\n" for url in pictures)
    table = "url,text\n" + "".join(f"{url},{number}\n" for number, url in enumerate(pictures))
    local = pathlib.Path(folder) / "local.jpg"
    local.write_bytes(origin.get("/img/50/40/1.jpg"))
    boxed = json.dumps({"url": origin.url("/c/wide.jpg"), "boxes": [[0.1, 0.1, 0.9, 0.9]]}) + "\n"
    small = {"image_size": 48, "number_sample_per_shard": 3}
    stats = {"count": 1, "successes": 1, "failed_to_download": 0, "failed_to_resize": 0, "duration": 1.0,
             "start_time": 1.0, "end_time": 2.0, "status_dict": {"success": 1}}

    def foreign_json(output):
        (output / "notes.json").write_text("{}")

    def an_earlier_shard(output):
        (output / "00000_stats.json").write_text(json.dumps(stats))

    return [
        Special("comma", {"l.txt": lines + origin.url("/img/50/40/6.jpg?a,b") + "\n"}, (small,)),
        Special("hash sign", {"l.txt": "#" + lines}, (small,)),
        Special("foreign json", {"l.txt": lines}, (small,), before=foreign_json),
        Special("overwrite", {"l.txt": lines}, ({**small, "incremental_mode": "overwrite"},), before=an_earlier_shard),
        Special("png", {"l.txt": lines}, ({**small, "encode_format": "png"},)),
        Special("file address", {"l.txt": f"file://{local}\n"}, (small,)),
        Special("blurred original", {"l.jsonl": boxed}, ({"input_format": "jsonl", "bbox_col": "boxes",
                                                          "resize_mode": "no", "skip_reencode": True},)),
        Special("number as caption", {"l.csv": table}, ({**small, "input_format": "csv", "caption_col": "text"},)),
        Special("folder of lists", {"b/2.csv": table, "b/1.csv": table, "b/3.txt": lines},
                ({**small, "input_format": "csv", "save_additional_columns": ["text"]},), list="b"),
        Special("extend", {"l.txt": lines}, (small, {**small, "incremental_mode": "extend"})),
        Special("again", {"l.txt": lines}, (small, small)),
    ]
