#!/usr/bin/env python3
"""The site of the documentation builds without a warning and asks nobody else for anything."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MKDOCS = os.environ.get("DOCS_VENV", str(ROOT / "build/venv/docs")) + "/bin/mkdocs"
SKIPPED = 77
# What a browser fetches by itself when it shows a page.
FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc(?:set)?=\"?(https?:[^\s\">]+)|"
                     r"<link\b[^>]*\brel=\"?(?:stylesheet|preconnect|preload|icon)\"?[^>]*\bhref=\"?(https?:[^\s\">]+)")


class SiteTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.site = pathlib.Path(folder.name)
        cls.done = subprocess.run([MKDOCS, "build", "--strict", "--site-dir", folder.name, "-f", str(ROOT / "mkdocs.yml")],
                                  capture_output=True, text=True, check=False,
                                  env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"})

    def test_it_builds_without_a_warning(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)

    def test_nothing_is_fetched_from_elsewhere(self):
        pages = list(self.site.rglob("*.html"))
        self.assertGreater(len(pages), 15)
        found = {f"{page.name}: {match.group(0)}" for page in pages for match in FETCHED.finditer(page.read_text())}
        self.assertFalse(found)

    def test_fences_for_elsewhere_are_code_and_links_out_of_docs_lead_to_the_repository(self):
        page = (self.site / "packaging/index.html").read_text()
        self.assertIn("<code>", page)
        self.assertNotIn("```", page)
        internals = (self.site / "internals/index.html").read_text()
        self.assertIn("https://github.com/pixhaul/pixhaul/blob/main/ARCHITECTURE.md", internals)


if __name__ == "__main__":
    if not os.path.exists(MKDOCS):
        print(f"{MKDOCS} is not there; tools/install_packages docs")
        sys.exit(SKIPPED)
    unittest.main()
