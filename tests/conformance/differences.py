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
    """A difference that is meant. `covers`: whether a finding is one of it; None where no comparison can show it."""

    title: str
    theirs: str
    ours: str
    reason: str
    covers: Callable[[Finding], bool] | None


def _rows(*names, what=None):
    return lambda finding: finding.row in names and (what is None or finding.what in what)


def _special(name):
    return lambda finding: finding.case == f"special: {name}"


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
        "a comma in a list of lines",
        "ends the whole run (`CSV parse error`)",
        "part of the address",
        "a line is an address, whatever it contains",
        _special("comma"),
    ),
    Difference(
        "other files in the output folder",
        "a foreign `.json` ends the run (`invalid literal for int()`)",
        "left alone",
        "notes beside a dataset are no reason to stop",
        _special("foreign json"),
    ),
    Difference(
        "`incremental_mode` overwrite",
        "removes the folder, then fails",
        "removes the shards, then does the list anew",
        "that is what is asked for; files of other programs stay",
        _special("overwrite"),
    ),
    Difference(
        "`encode_format` png with the default quality",
        "always refused: 95 is no compression level",
        "level 6; other values beyond 0 to 9 are refused in its words",
        "95 is JPEG's default, and nobody asked for it",
        _special("png"),
    ),
    Difference(
        "`file://` in a list of addresses",
        "read from the disk of whoever runs it, and published as a sample",
        "`<urlopen error unknown url type: file>`",
        "a list is made by strangers",
        _special("file address"),
    ),
    Difference(
        "boxes with `skip_reencode` and no resizing",
        "the original is kept as it is, faces and all",
        "blurred",
        "that is what boxes are for; with `disable_all_reencoding` they are refused",
        _special("blurred original"),
    ),
    Difference(
        "captions that look like numbers",
        "numbers in the table and in JSON, where every caption of a csv list is one",
        "text",
        "captions are text, whatever the others are",
        _special("number as caption"),
    ),
    Difference(
        "a list of failures",
        "none",
        "`failed.txt` in the output folder, ready to be fed back; the state of the run in `.pixhaul/`",
        "a run can be continued and its failures won later",
        lambda finding: finding.what == "files" and finding.theirs == [] and finding.ours == ["failed.txt"],
    ),
)


# What a comparison of folders does not show.
NOTED = (
    Difference(
        "order of rows",
        "as the downloads ended, another each time",
        "by key; the same responses give the same bytes of tar and parquet",
        "a dataset can be made again and compared",
        None,
    ),
    Difference(
        "`timeout`",
        "of each wait for the network; a slow or endless body never ends",
        "of the connection, the handshake and the first byte; the whole attempt has three times that, at least 30 s",
        "one address held up a shard, or the end of the run, for ever",
        None,
    ),
    Difference(
        "`retries`",
        "at once, and of whatever failed, 404 too",
        "only of what may pass, after a pause with jitter",
        "what is gone stays gone, and a busy host needs the pause",
        None,
    ),
    Difference(
        "hosts",
        "all threads may be at one host; a new connection for each image",
        "6 connections to a host (24 streams over HTTP/2) and fewer while it is slow; kept, `Retry-After` honoured",
        "faster, and nobody is blocked or blocks others",
        None,
    ),
    Difference(
        "user agent",
        "claims to be Firefox 72",
        "`pixhaul/VERSION (+URL)`; `user_agent_token` enters it; `PIXHAUL_USER_AGENT` sets it",
        "site owners can see who asks",
        None,
    ),
    Difference(
        "private and special addresses",
        "contacted",
        "refused, redirects too, unless `PIXHAUL_ALLOW_NET` names their network",
        "a list must not reach the inside of a network",
        None,
    ),
    Difference(
        "exit code of the command",
        "0, whatever happened",
        "pixhaul's: 0 also with failed rows (`PIXHAUL_FAIL_RATIO`), 2 usage, 3 input, 4 output, 5 network down, 7 interrupted",
        "scripts can tell",
        None,
    ),
    Difference(
        "what a parameter is refused for",
        "some after `_tmp` was made, some never",
        "all before anything is written; in its words where it has any",
        "a typing error leaves no trace",
        None,
    ),
    Difference(
        "a shard that cannot be written",
        "tried again `max_shard_retry` times, then left out, exit code 0",
        "ends the run with exit code 4; the same command goes on. `max_shard_retry` and `subjob_size` are accepted",
        "a full disk does not get better by trying",
        None,
    ),
    Difference(
        "interrupted or killed",
        "truncated files under final names",
        "files appear whole, `NNNNN_stats.json` last; what was done of a shard is kept",
        "nobody reads half a shard, and little is done twice",
        None,
    ),
    Difference(
        "memory",
        "each list whole, and every open shard as a file in `_tmp`",
        "a list as a stream; all in `PIXHAUL_MEMORY`; there is no `_tmp`",
        "a list may be longer than memory",
        None,
    ),
    Difference(
        "broken rows of csv, tsv and jsonl",
        "end the run",
        "fail as rows, with file and line",
        "one line of a billion is no reason to stop",
        None,
    ),
    Difference(
        "TFRecord",
        "needs TensorFlow; a column of lists fails where one is empty",
        "written natively, with the features of img2dataset's source; this format alone is not compared by running both",
        "no TensorFlow for a container of bytes",
        None,
    ),
    Difference(
        "metadata of the tar's members",
        "the time of writing",
        "the time 0",
        "see order of rows",
        None,
    ),
    Difference(
        "`distributor` pyspark and ray",
        "ray that is not installed is a silent run of nothing",
        "refused in a sentence where pixhaul's adapter is missing",
        "nothing done is not success",
        None,
    ),
    Difference(
        "`url_list` at http:// or https://",
        "read with fsspec and aiohttp",
        "refused: save the list first; s3://, gs:// and hdfs:// are read",
        "the name of a list and an address to download look alike",
        None,
    ),
    Difference(
        "colours of small JPEGs that are encoded again",
        "decoded to RGB, resized, its colours halved a second time",
        "the planes are kept apart; with a side below 64 pixels the two may differ by 38 dB instead of 40",
        "ours halves the colours once; six pictures of the long comparison were that far apart, at 39.6 dB or more",
        None,
    ),
)


def table():
    """Returns every difference as a table of docs/img2dataset.md."""
    lines = ["| | img2dataset 1.47 | pixhaul | why |", "| --- | --- | --- | --- |"]
    lines += [f"| {d.title} | {d.theirs} | {d.ours} | {d.reason} |" for d in MEANT + NOTED]
    return "\n".join(lines) + "\n"


def meant(finding):
    """Returns the difference that covers a finding, None if it is not meant."""
    return next((difference for difference in MEANT if difference.covers(finding)), None)
