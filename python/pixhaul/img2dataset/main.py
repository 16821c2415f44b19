"""download() with img2dataset's signature, and its command line."""

import json
import operator
import os
import sys
import warnings

from .. import _core
from .._errors import PixhaulError
from .._summary import Summary
from .logger import Watch

_NEEDS = "distributor {0!r} runs through pixhaul.{1}, which this installation does not have; use 'multiprocessing'"


def download(
    url_list,
    image_size=256,
    output_folder="images",
    processes_count=1,
    resize_mode="border",
    resize_only_if_bigger=False,
    upscale_interpolation="lanczos",
    downscale_interpolation="area",
    encode_quality=95,
    encode_format="jpg",
    skip_reencode=False,
    output_format="files",
    input_format="txt",
    url_col="url",
    caption_col=None,
    bbox_col=None,
    thread_count=256,
    number_sample_per_shard=10000,
    extract_exif=True,
    save_additional_columns=None,
    timeout=10,
    enable_wandb=False,
    wandb_project="img2dataset",
    oom_shard_count=5,
    compute_hash="sha256",
    verify_hash=None,
    distributor="multiprocessing",
    subjob_size=1000,
    retries=0,
    disable_all_reencoding=False,
    min_image_size=0,
    max_image_area=float("inf"),
    max_aspect_ratio=float("inf"),
    incremental_mode="incremental",
    max_shard_retry=1,
    user_agent_token=None,
    disallowed_header_directives=None,
    ignore_ssl_certificate=False,
):
    """Downloads a list of images into a folder laid out as img2dataset lays it out, and continues one.

    The parameters are img2dataset's; `python -m pixhaul.img2dataset --help` explains each, docs/img2dataset.md what
    differs. Every other option of pixhaul is a PIXHAUL_* variable of the environment. Runs in this process, on threads
    of the engine's own, and may be called from any thread, without an `if __name__ == "__main__"` guard.

    Raises:
        ValueError: A parameter has an impossible value, in img2dataset's words; nothing has been written then.
        pixhaul.InputError: The list cannot be read; pixhaul.OutputError: the folder cannot be written.
    """
    run(_parameters(dict(locals())))


def run(parameters):
    """Does what `parameters` (pixhaul._core.Img2datasetParameters) say and returns a pixhaul.Summary and its options."""
    options = parameters.options(_environment())
    name = parameters.text("distributor").strip("'")
    if name != "multiprocessing":
        raise ValueError(_NEEDS.format(name, {"pyspark": "spark"}.get(name, name)))
    config = {line["name"]: _value(parameters, line) for line in _core.img2dataset_table()}
    notice = None if options.text("log_level") == "error" else _warn
    with Watch(options.text("output_folder"), config) as watch:
        print("Starting the downloading of this file")
        facts = _core.download(options, None, 1, None, "", watch, notice)
    return Summary(facts), options


def main(arguments=None):
    """The command line, as img2dataset's users write it; ends the process with pixhaul's exit code."""
    sys.exit(_command(sys.argv[1:] if arguments is None else list(arguments)))


def _command(arguments):
    try:
        parameters, wants_help = _core.img2dataset_arguments(arguments)
        if wants_help:
            print(_help())
            return 0
        summary, options = run(parameters)
    except PixhaulError as error:
        print(f"pixhaul: {error}", file=sys.stderr)
        return {"bad_option": 2, "input_unreadable": 3, "output_busy": 8}.get(error.code, 4)
    except ValueError as error:
        print(f"pixhaul: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 7
    if summary.stopped:
        return 6
    if summary.network_down:
        return 5
    return 1 if summary.failed > float(options.text("fail_ratio")) * summary.rows else 0


def _help():
    lines = ["usage: python -m pixhaul.img2dataset URL_LIST [parameters]", ""]
    for line in _core.img2dataset_table():
        standard = "" if line["name"] == "url_list" else f" [{line['default']}]"
        lines.append(f"  --{line['name']} ({line['type']}): {line['help']}{standard}")
    return "\n".join(lines)


def _environment():
    return {name: value for name, value in os.environ.items() if name.startswith("PIXHAUL_")}


def _warn(sentence):
    warnings.warn(sentence, stacklevel=5)


def _parameters(given):
    parameters = _core.Img2datasetParameters()
    for name, value in given.items():
        parameters.set(name, literal(value))
    return parameters


def literal(value):
    """Returns the Python literal by which the engine reads `value`."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, (str, os.PathLike)):
        return json.dumps(os.fspath(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return "[" + ", ".join(json.dumps(str(item)) for item in value) + "]"
    try:
        return str(operator.index(value))
    except TypeError:
        return repr(float(value))


def _value(parameters, line):
    """Returns a parameter as the Python value it stands for."""
    import ast

    text = parameters.text(line["name"])
    return float(text) if line["type"] == "float" else ast.literal_eval(text)
