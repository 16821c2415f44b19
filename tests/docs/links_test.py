#!/usr/bin/env python3
"""Every link of the documentation leads somewhere: files that are there, headings that stand in them. Nothing is contacted."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCED = re.compile(r"^( *)(`{3,}).*?^\1\2$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)>\s]+)>?(?:\s+\"[^\"]*\")?\)|(?:src|srcset|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


def prose(text):
    """The text without its code, where brackets are no links."""
    return re.sub(r"`[^`\n]*`", "", FENCED.sub("", text))


def anchors(text):
    """The fragments that a page's headings have on GitHub and, in our use of letters, on the site too."""
    headings = HEADING.findall(FENCED.sub("", text))
    plain = [re.sub(r"[`*_]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def broken_links(page, text, root=ROOT):
    """Returns what is wrong with the links of the page at the path `page`."""
    problems = []
    for match in LINK.finditer(prose(text)):
        link = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", link):
            if link.startswith("http://"):
                problems.append(f"{link} is not https")
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            problems.append(f"{link} is not there")
        elif root not in [target, *target.parents]:
            problems.append(f"{link} leaves the project")
        elif fragment and fragment not in anchors(text if target == page else target.read_text()):
            problems.append(f"{link}: no such heading")
    return problems


class LinksTest(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        problems, count = [], 0
        for page in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]):
            text = page.read_text()
            count += len(LINK.findall(prose(text)))
            problems += [f"{page.relative_to(ROOT)}: {problem}" for problem in broken_links(page, text)]
        self.assertFalse(problems, "\n" + "\n".join(problems))
        self.assertGreater(count, 30)

    def test_every_page_is_on_the_site(self):
        named = set(re.findall(r"([\w/-]+\.md)", (ROOT / "mkdocs.yml").read_text()))
        pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
        self.assertEqual(pages, named)

    def test_what_is_broken_is_found(self):
        page = ROOT / "README.md"
        for text, count in (
            ("[a](docs/options.md) [b](#here)\n# Here\n", 0),
            ("[a](docs/nothing.md)", 1),
            ("[a](docs/options.md#nothing)", 1),
            ("[a](#nowhere)", 1),
            ("[a](../../../../etc/hostname)", 1),
            ("[a](http://example.org)", 1),
            ('<img src="docs/images/nothing.png">', 1),
            ("```\n[a](nothing)\n```\n`[a](nothing)`", 0),
        ):
            self.assertEqual(len(broken_links(page, text)), count, text)


if __name__ == "__main__":
    sys.exit(unittest.main())
