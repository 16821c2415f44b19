"""Every difference that is meant: what img2dataset does, what pixhaul does, and why. docs/img2dataset.md shows them."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is not equal. `row`: the row's name, "" of a folder as a whole."""

    case: str
    row: str
    what: str
    theirs: object
    ours: object

    def __str__(self):
        return f"{self.row or 'folder'}: {self.what}: img2dataset {self.theirs!r}, pixhaul {self.ours!r}   [{self.case}]"


@dataclasses.dataclass(frozen=True)
class Difference:
    """A difference that is meant. `covers`: whether a finding is one of it."""

    title: str
    theirs: str
    ours: str
    reason: str
    covers: Callable[[Finding], bool]


def _rows(*names, what=None):
    return lambda finding: finding.row in names and (what is None or finding.what in what)


def _failure(finding):
    """Returns whether both failed, in other words."""
    return finding.what == "outcome" and finding.theirs[0] != "success" and finding.ours[0] != "success"


MEANT = (
    Difference(
        "a JPEG that ends early",
        "a success, the missing part filled with grey",
        "`failed_to_resize`, `Image decoding error`",
        "half a picture is no sample; it was the cause of corrupted images in published datasets",
        _rows("cut.jpg"),
    ),
    Difference(
        "16 bits a channel",
        "a success that is white all over",
        "reduced to 8 bits as it looks",
        "the pixels are wrong there",
        _rows("deep.png", what=("pixels", "bytes")),
    ),
    Difference(
        "EXIF orientation",
        "ignored, and lost when encoded",
        "applied: the picture is upright, its sides change places (`PIXHAUL_EXIF_ORIENTATION=ignore`)",
        "otherwise it is turned for good",
        _rows("turned.jpg"),
    ),
    Difference(
        "grey pictures",
        "one channel among three",
        "three equal ones (`PIXHAUL_COLOR=keep`)",
        "loaders expect one shape; the values are the same",
        _rows("grey.jpg", what=("channels", "bytes")),
    ),
    Difference(
        "opt-outs behind other directives",
        "`X-Robots-Tag: max-image-preview: large, noai` is not seen",
        "honoured; `none`, and names in the middle of a list, too",
        "the site said no",
        _rows("opted out among values"),
    ),
    Difference(
        "addresses with blanks or letters beyond ASCII",
        "`URL can't contain control characters …`, `'ascii' codec can't encode …`",
        "encoded as browsers encode them, and fetched",
        "they are good addresses",
        _rows("with a blank", "not ASCII"),
    ),
    Difference(
        "wording of an address that is none",
        "urllib's words",
        "the same beginning, our detail behind it",
        "the detail says what to do",
        lambda finding: finding.row in ("no scheme", "other scheme") and _failure(finding),
    ),
    Difference(
        "nothing was served (no bytes at all)",
        "an assertion of OpenCV's",
        "`Image decoding error`",
        "the text is of another program's inside",
        lambda finding: finding.row == "nothing.jpg" and _failure(finding),
    ),
    Difference(
        "what is looked at first",
        "the whole body is received, and its digest compared, before its size is looked at",
        "a transfer is stopped at the first bytes that show that the picture is unwanted or broken",
        "the row fails either way; the text is that of the earlier reason",
        lambda finding: _failure(finding) and finding.theirs[1] == "hash mismatch",
    ),
    Difference(
        "fractions in `json` lists",
        "pandas reads 0.6 as 0.6000000000000001",
        "0.6",
        "the nearest double is what was written",
        lambda finding: finding.what == "boxes" and "input_format=json" in finding.case,
    ),
    Difference(
        "`skip_reencode`",
        "an image is recognised by `imghdr`, which misses JPEGs that begin with neither JFIF nor EXIF",
        "by its first bytes; those of the right format and size stay as served",
        "what need not be encoded again loses nothing",
        lambda finding: "reencode=skip" in finding.case and finding.what == "bytes",
    ),
    Difference(
        "a list of failures",
        "none",
        "`failed.txt` in the output folder, ready to be fed back; the state of the run in `.pixhaul/`",
        "a run can be continued and its failures won later",
        lambda finding: finding.what == "files" and finding.theirs == [] and finding.ours == ["failed.txt"],
    ),
)


def meant(finding):
    """Returns the difference that covers a finding, None if it is not meant."""
    return next((difference for difference in MEANT if difference.covers(finding)), None)
