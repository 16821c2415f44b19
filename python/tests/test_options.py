"""Keywords agree with the table, and through it with the C++ options."""

import datetime
import inspect
import pathlib
import re
import typing

import pytest

import pixhaul
from pixhaul import _core, _options

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_every_field_of_options_is_a_keyword():
    header = (ROOT / "include/pixhaul/options.h").read_text()
    body = header[header.index("struct Options {"):]
    fields = set(re.findall(r"^  [\w:<>, ]+? (\w+)(?: = [^;]+|\{[^;]*\});", body[: body.index("\n};")], re.MULTILINE))
    parameters = inspect.signature(pixhaul.download).parameters
    assert set(parameters) - {"urls", "on_progress"} == fields - {"url_list"}


@pytest.mark.parametrize("name", [line["name"] for line in _core.option_table() if line["name"] != "url_list"])
def test_a_default_given_is_the_default(name):
    keyword = _options.table()[name]
    options = _core.Options()
    _options._set(options, keyword, keyword.default)
    assert options.text(name) == _core.Options().text(name)


def test_docstring_and_signature_say_what_the_table_says():
    for line in _core.option_table():
        if line["name"] == "url_list":
            continue
        parameter = inspect.signature(pixhaul.download).parameters[line["name"]]
        assert f"{line['name']} ({parameter.annotation}): {line['help']}" in pixhaul.download.__doc__


def test_values_of_every_kind():
    options = _options.from_keywords({
        "deadline": 2.5, "connect_timeout": datetime.timedelta(seconds=1), "max_body_bytes": 1000, "memory": "1GiB",
        "resize_mode": "border", "encode_format": None, "retries": 0, "sizes": False, "fail_ratio": 0.25,
        "dns_servers": ["127.0.0.1:53", "127.0.0.2"], "output_folder": pathlib.Path("there"), "max_rows": None,
    })
    text = {name: options.text(name) for name in ("deadline", "connect_timeout", "memory", "fail_ratio", "dns_servers",
                                                  "output_folder", "max_rows")}
    assert text == {"deadline": "2500ms", "connect_timeout": "1s", "memory": "1GiB", "fail_ratio": "0.25",
                    "dns_servers": "127.0.0.1:53,127.0.0.2", "output_folder": "there", "max_rows": "none"}


def test_a_list_says_what_holds():
    options = _options.from_keywords({"disallowed_header_directives": ["noai"]})
    assert options.text("disallowed_header_directives") == "none,noai"
    assert _options.from_keywords({"disallowed_header_directives": []}).text("disallowed_header_directives") == "none"


def test_the_environment_is_below_keywords(monkeypatch):
    monkeypatch.setenv("PIXHAUL_RETRIES", "7")
    assert _options.from_keywords({}).text("retries") == "7"
    assert _options.from_keywords({"retries": 1}).text("retries") == "1"


@pytest.mark.parametrize("given, words", [
    ({"image_size": 3}, "image_size has no effect with resize_mode no"),
    ({"retries": -1}, "retries cannot be '-1'"),
    ({"output_folder": None}, "output_folder cannot be None"),
    ({"resize_mode": "sideways"}, "one of no, keep_ratio"),
    ({"deadline": [1]}, "float | str | timedelta"),
])
def test_what_is_refused(given, words):
    with pytest.raises(pixhaul.OptionError, match=re.escape(words)):
        _options.from_keywords(given)


def test_an_unknown_keyword_is_a_type_error():
    with pytest.raises(TypeError, match="did you mean 'image_size'"):
        pixhaul.download([], imagesize=3)


def test_kinds_are_types():
    from collections.abc import Sequence

    for keyword in _options.table().values():
        eval(keyword.kind, {"Literal": typing.Literal, "Sequence": Sequence, "timedelta": datetime.timedelta})
