#!/usr/bin/env python3
"""Checks that includes follow ARCHITECTURE.md's layer table: arrows point down only.

Reads every #include in include/, src/, python/ and tests/ and reports one line for each that the table does not allow.
--self_test shows that it catches an upward include, a public header in the wrong layer and an outside library in a
header of ours.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Folder of src/ -> folders it may include besides itself.
LAYERS = {
    "base": set(),
    "net": {"base"},
    "image": {"base"},
    "sandbox": {"base", "image"},
    "readers": {"base"},
    "writers": {"base"},
    "ledger": {"base"},
    "stats": {"base"},
    "arrow_io": {"base", "readers", "writers"},
    "pipeline": {"base", "net", "image", "sandbox", "readers", "writers", "ledger", "stats", "arrow_io"},
    "dashboard": {"base"},
    "cli": {"base"},
}

# Public header -> folders that may include it. result.h is for every layer.
RUN = {"pipeline", "cli"}
PUBLIC = {
    "result.h": set(LAYERS),
    "outcome.h": set(LAYERS) - {"readers"},
    "stats.h": {"net", "stats", "pipeline", "dashboard", "cli"},
    "version.h": {"net", "pipeline", "dashboard", "cli"},
    "options.h": RUN,
    "option_table.h": RUN,
    "doctor.h": RUN,
    "download.h": RUN,
    "fetch.h": RUN,
    "img2dataset.h": RUN,
    "img2dataset_parts.h": RUN,
    "input.h": RUN | {"arrow_io"},
    "session.h": RUN,
    "stream.h": RUN,
    "compare.h": RUN,
    "browse.h": {"pipeline", "dashboard"},
    "dashboard.h": {"dashboard", "cli"},
    "report.h": RUN,
    "status.h": RUN,
    "verify.h": RUN,
    "pixhaul.h": set(),
}

# Headers of outside libraries: allowed in .cc files only, of these folders (and of any test).
OUTSIDE = {
    "openssl/": {"base", "net", "pipeline"},
    "fmt/": set(LAYERS),
    "nghttp2/": {"net", "pipeline"},
    "ares": {"net", "pipeline"},
    "zlib.h": {"net", "readers", "pipeline"},
    "brotli/": {"net", "pipeline"},
    "idn2.h": {"net", "pipeline"},
    "zstd.h": {"readers", "pipeline"},
    "jpeglib.h": {"image"},
    "jerror.h": {"image"},
    "png.h": {"image"},
    "webp/": {"image"},
    "gif_lib.h": {"image"},
    "avif/": {"image"},
    "tiffio.h": {"image"},
    "seccomp.h": {"sandbox"},
    "prometheus/": {"stats"},
    "arrow/": {"arrow_io"},
    "parquet/": {"arrow_io"},
    "httplib.h": {"dashboard"},
    "nlohmann/": {"writers", "ledger", "pipeline", "cli"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def check_file(path: str, text: str) -> list[str]:
    """Returns a line for each include of the file at `path` (relative to the root) that the table does not allow."""
    parts = path.split("/")
    problems = []
    for header in INCLUDE.findall(text):
        reason = check_include(parts, header)
        if reason:
            problems.append(f"{path}: includes {header}: {reason}")
    return problems


def check_include(parts: list[str], header: str) -> str:
    """Returns why the file may not include `header`, or an empty string."""
    top, folder = parts[0], parts[1] if len(parts) > 2 else ""
    if top == "python":
        return "Python sees the public headers only" if header.split("/")[0] in LAYERS else ""
    if top == "tests":
        return check_test(folder, header)
    if header.startswith("pixhaul/"):
        return check_public(top, folder, header.removeprefix("pixhaul/"))
    first = header.split("/")[0]
    if "/" in header and first in LAYERS:
        if top == "include":
            return "public headers depend on the standard library only"
        if first == "arrow_io" != folder and header != "arrow_io/module.h":
            return "what lies behind arrow_io/module.h is loaded, not linked"
        return "" if first == folder or first in LAYERS[folder] else f"{folder} may not include {first}"
    for prefix, folders in OUTSIDE.items():
        if header.startswith(prefix):
            if parts[-1].endswith(".h"):
                return "outside libraries belong in .cc files"
            return "" if folder in folders else f"{folder} does not wrap this library"
    if header == "regex":
        return "costs 1.2 s a file to compile"
    if header == "iostream" and top != "tests":
        return "only streams of our own are used"
    if header == "filesystem" and parts[-1].endswith(".h"):
        return "costs 0.5 s a file to compile: .cc only"
    return ""


def check_public(top: str, folder: str, header: str) -> str:
    """Returns why a file of `top`/`folder` may not include the public header, or an empty string."""
    if top == "include":
        return ""
    if header not in PUBLIC:
        return "unknown public header: add it to tools/check_layers.py"
    return "" if folder in PUBLIC[header] else f"not for {folder}"


def check_test(folder: str, header: str) -> str:
    """Returns why a test of `folder` may not include `header`: its own layer, what that may see, and support."""
    first = header.split("/")[0]
    if folder not in LAYERS or "/" not in header or first not in LAYERS:
        return ""
    return "" if first == folder or first in LAYERS[folder] else f"tests of {folder} may not include {first}"


def self_test() -> None:
    """Fails unless known violations are caught and known good lines pass."""
    bad = {
        ("src/base/x.cc", '#include "net/url.h"'),
        ("src/net/x.cc", '#include "image/probe.h"'),
        ("src/cli/x.cc", '#include "pipeline/run.h"'),
        ("src/net/x.h", '#include "pixhaul/options.h"'),
        ("src/net/x.h", "#include <openssl/ssl.h>"),
        ("src/cli/x.cc", "#include <openssl/ssl.h>"),
        ("src/base/x.cc", "#include <regex>"),
        ("src/net/x.h", "#include <filesystem>"),
        ("include/pixhaul/x.h", '#include "base/buffer.h"'),
        ("tests/net/x_test.cc", '#include "readers/text.h"'),
        ("src/net/x.cc", '#include "pixhaul/unheard_of.h"'),
        ("src/pipeline/x.cc", '#include "arrow_io/table_reader.h"'),
        ("src/readers/x.cc", "#include <arrow/api.h>"),
        ("python/src/x.cc", '#include "base/buffer.h"'),
    }
    good = {
        ("src/pipeline/x.cc", '#include "net/url.h"'),
        ("src/net/x.cc", '#include "net/url.h"\n#include "base/buffer.h"\n#include <openssl/ssl.h>\n#include <vector>'),
        ("src/readers/x.cc", '#include "pixhaul/result.h"'),
        ("src/pipeline/x.cc", '#include "arrow_io/module.h"'),
        ("src/arrow_io/x.cc", '#include "readers/reader.h"\n#include <parquet/arrow/reader.h>'),
        ("python/src/x.cc", '#include "pixhaul/stream.h"\n#include <nanobind/nanobind.h>'),
        ("tests/net/x_test.cc", '#include "support/fake_clock.h"\n#include "net/url.h"'),
    }
    missed = [case for case in bad if not check_file(*case)]
    wrong = [case for case in good if check_file(*case)]
    if missed or wrong:
        sys.exit(f"not caught: {missed}\nwrongly refused: {wrong}")


def main() -> None:
    """Checks the tree, or itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--self_test", action="store_true", help="check the checker")
    if parser.parse_args().self_test:
        self_test()
        return
    files = [p for top in ("include", "src", "python", "tests") for p in sorted((ROOT / top).rglob("*")) if p.suffix in (".h", ".cc")]
    problems = [line for p in files for line in check_file(p.relative_to(ROOT).as_posix(), p.read_text())]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(files)} files follow the layer table")


if __name__ == "__main__":
    main()
