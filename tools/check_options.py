#!/usr/bin/env python3
"""Checks that options have one spelling everywhere: fields of Options = flags = help = docs/options.md = man page.

    check_options.py --binary build/pixhaul [--write]

--write brings docs/options.md and docs/errors.md up to date instead of comparing them.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def option_fields(header: str) -> set[str]:
    """Returns the members of struct Options in the text of options.h."""
    body = header[header.index("struct Options {"):]
    body = body[: body.index("\n};")]
    return set(re.findall(r"^  [\w:<>, ]+? (\w+)(?: = [^;]+|\{[^;]*\});", body, re.MULTILINE))


def difference(what: str, got: set[str], expected: set[str]) -> list[str]:
    """Returns a line for each name that is in one set only."""
    return [f"{what} lacks {name}" for name in sorted(expected - got)] + [
        f"{what} has {name}, which Options lacks" for name in sorted(got - expected)
    ]


def main() -> None:
    """Compares all of them and reports every disagreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the built command")
    parser.add_argument("--write", action="store_true", help="write the pages")
    arguments = parser.parse_args()

    def output(*words: str) -> str:
        """Returns what the command prints."""
        return subprocess.run([arguments.binary, *words], check=True, capture_output=True, text=True).stdout

    fields = option_fields((ROOT / "include/pixhaul/options.h").read_text())
    help_flags = set(re.findall(r"^(?:  -\w, |      )--(\w+)", output("--help", "all"), re.MULTILINE))
    own_flags = set(re.findall(r"^(?:  -\w, |      )--(\w+)", output("--help", "command"), re.MULTILINE))
    man_flags = set(re.findall(r"\\fB\\-\\-(\w+)\\fR", output("man")))
    page_flags = set(re.findall(r"^\| `--(\w+)`", output("docs", "options"), re.MULTILINE))
    config = {line.split()[0] for line in output("--print_config").splitlines()}
    problems = difference("--help all", help_flags - own_flags, fields)
    problems += difference("the man page", man_flags - own_flags, fields)
    problems += difference("docs/options.md", page_flags - own_flags, fields)
    problems += difference("--print_config", config, fields)
    for page in ("options", "errors"):
        path = ROOT / "docs" / f"{page}.md"
        text = output("docs", page)
        if arguments.write:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            problems.append(f"{path.relative_to(ROOT)} is out of date: tools/check_options.py --binary … --write")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{len(fields)} options agree")


if __name__ == "__main__":
    main()
