"""Which runs are compared: every pair of two factors' values in a few, or every combination of the main three."""

import itertools
import random

_TEXTS = ("txt", "txt.gz")
_RECORDS = ("json", "json.gz", "jsonl", "jsonl.gz", "parquet")

# Each value is what it is called and the parameters it stands for.
FACTORS = {
    "input_format": {name: {} for name in (*_TEXTS, "csv", "csv.gz", "tsv", "tsv.gz", *_RECORDS)},
    "output_format": {name: {"output_format": name} for name in ("files", "webdataset", "parquet", "dummy")},
    "resize_mode": {name: {"resize_mode": name} for name in ("no", "keep_ratio", "center_crop", "border",
                                                             "keep_ratio_largest")},
    "encode_format": {
        "jpg": {},
        "png": {"encode_format": "png", "encode_quality": 3},
        "webp": {"encode_format": "webp", "encode_quality": 101},
    },
    "reencode": {"always": {}, "skip": {"skip_reencode": True}, "never": {"disable_all_reencoding": True}},
    "bigger": {"all": {}, "only_if_bigger": {"resize_only_if_bigger": True}},
    "columns": {
        "none": {},
        "caption": {"caption_col": "text"},
        "additional": {"caption_col": "text", "save_additional_columns": ["n", "score", "label"]},
        "verify": {"save_additional_columns": ["n"], "verify_hash": ["digest", "sha256"], "compute_hash": "sha256"},
        "boxes": {"bbox_col": "boxes", "caption_col": "text"},
    },
    "hash": {"sha256": {}, "md5": {"compute_hash": "md5"}, "sha512": {"compute_hash": "sha512"},
             "none": {"compute_hash": None}},
    "exif": {"yes": {}, "no": {"extract_exif": False}},
    "interpolation": {
        "usual": {},
        "smooth": {"upscale_interpolation": "cubic", "downscale_interpolation": "linear"},
        "blocks": {"upscale_interpolation": "nearest", "downscale_interpolation": "nearest"},
        "swapped": {"upscale_interpolation": "area", "downscale_interpolation": "lanczos"},
    },
    "filters": {"none": {}, "some": {"min_image_size": 32, "max_image_area": 70_000, "max_aspect_ratio": 2.2}},
    "shards": {
        "16": {"number_sample_per_shard": 16},
        "10": {"number_sample_per_shard": 10, "oom_shard_count": 3},
        "one": {"number_sample_per_shard": 1000, "oom_shard_count": 2},
    },
}
MAIN = ("input_format", "output_format", "resize_mode")


def is_possible(choice):
    """Returns whether img2dataset can be asked for this; `choice` may lack factors."""
    texts = choice.get("input_format") in _TEXTS
    columns = choice.get("columns", "none")
    if texts and columns not in ("none", "caption"):
        return False
    records = choice.get("input_format", "json") in _RECORDS
    if columns == "boxes" and (not records or choice.get("reencode") == "never"):
        return False
    return not (columns == "verify" and choice.get("hash", "sha256") != "sha256")


def parameters(choice):
    """Returns the parameters of a choice, less what is where."""
    given = {"input_format": choice["input_format"], "image_size": 96, "thread_count": 4, "timeout": 5}
    for factor, name in choice.items():
        given.update(FACTORS[factor][name])
    if choice["input_format"] not in _TEXTS:
        given["url_col"] = "link"
    return given


def pairwise(seed=7):
    """Returns choices among which every possible pair of two factors' values occurs."""
    dice = random.Random(seed)
    open_pairs = set()
    for one, other in itertools.combinations(FACTORS, 2):
        open_pairs |= {((one, a), (other, b)) for a in FACTORS[one] for b in FACTORS[other]
                       if is_possible({one: a, other: b})}
    choices = []
    while open_pairs:
        wanted = dict(min(open_pairs))
        candidates = [_complete(wanted, dice) for _ in range(40)]
        best = max(candidates, key=lambda choice: len(_pairs(choice) & open_pairs))
        open_pairs -= _pairs(best)
        choices.append(best)
    return choices


def every():
    """Returns the pairwise choices and every combination of input, output and resizing."""
    dice = random.Random(11)
    return pairwise() + [_complete(dict(zip(MAIN, names)), dice)
                         for names in itertools.product(*(FACTORS[factor] for factor in MAIN))]


def _pairs(choice):
    return set(itertools.combinations(((factor, choice[factor]) for factor in FACTORS), 2))


def _complete(wanted, dice):
    while True:
        choice = {factor: wanted.get(factor) or dice.choice(list(values)) for factor, values in FACTORS.items()}
        if is_possible(choice):
            return choice
