"""The command's own pages, its display and the comparison."""

import json
import os
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree

from support import LOOPBACK, Case

STATUSES_SHOWN = ("success", "bad_url", "address_denied", "tls_certificate", "host_busy")


class Pages(Case):
    def page(self, *arguments, expect=0, env=None):
        done = self.command(*arguments, env=env)
        self.assertEqual(done.code, expect, str(done))
        self.assertEqual(list(self.folder.iterdir()), [], "a page wrote files")
        return done.stdout

    def test_help_is_short_and_help_all_has_every_option(self):
        short, whole = self.page("--help"), self.page("--help", "all")
        self.assertIn("usage: pixhaul", short)
        self.assertLess(len(short), len(whole))
        listed = [line.split()[0] for line in self.page("--print_config").splitlines()]
        self.assertGreater(len(listed), 40)
        for option in listed:
            self.assertIn(f"--{option}", whole)

    def test_help_on_one_option(self):
        self.assertIn("--deadline", self.page("--help", "deadline"))

    def test_no_arguments_is_usage(self):
        done = self.command()
        self.assertEqual((done.code, done.stdout), (2, ""))
        self.assertIn("usage", done.stderr)

    def test_a_list_that_is_not_there_is_named_once_with_the_reason(self):
        done = self.command("absent.txt")
        self.assertEqual(done.code, 3)
        self.assertEqual(done.stderr.count("No such file or directory"), 1, done.stderr)
        self.assertIn("absent.txt", done.stderr)

    def test_version_names_the_engines(self):
        text = self.page("--version")
        self.assertRegex(text, r"^pixhaul \d+\.\d+\.\d+\n")
        for engine in ("OpenSSL", "nghttp2", "c-ares"):
            self.assertIn(engine, text)

    def test_explain_knows_every_status_and_says_what_is_none(self):
        lines = [line for line in self.page("explain").splitlines() if line[:1].islower()]
        statuses = [line.split()[0] for line in lines if "_" in line.split()[0]] + ["success"]
        self.assertGreaterEqual(len(statuses), 35)
        for status in STATUSES_SHOWN:
            self.assertIn(status, statuses)
        for status in statuses:
            self.assertGreater(len(self.page("explain", status)), 60)
        done = self.command("explain", "http_404")
        self.assertEqual(done.code, 2)
        self.assertIn("`pixhaul explain` lists them", done.stderr)

    def test_completions_parse_where_the_shell_is_there(self):
        for shell in ("bash", "zsh", "fish"):
            script = self.page("completion", shell)
            self.assertIn("host_concurrency", script)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_bash_completes_an_option(self):
        script = self.page("completion", "bash")
        probe = (script + "\nCOMP_WORDS=(pixhaul --host_con); COMP_CWORD=1\n_pixhaul\n"
                 "echo \"${COMPREPLY[@]}\"\n")
        done = subprocess.run(["bash"], input=probe, capture_output=True, text=True, check=True)
        self.assertIn("--host_concurrency", done.stdout)

    def test_the_manual_page_is_one(self):
        page = self.page("man")
        self.assertTrue(page.startswith(".TH PIXHAUL 1") or ".TH" in page[:200], page[:200])
        self.assertIn(".SH NAME", page)
        self.assertIn("host_concurrency", page.replace("\\-", "-").replace("\\_", "_"))

    def test_print_config_says_where_each_value_comes_from(self):
        lines = self.page("--print_config", "--retries", "5",
                          env={"PIXHAUL_HOST_CONCURRENCY": "3"}).splitlines()
        found = {line.split()[0]: line.split()[1:] for line in lines}
        self.assertEqual(found["host_concurrency"], ["3", "environment"])
        self.assertEqual(found["retries"][0], "5")
        self.assertNotIn(found["retries"][1], ("environment", "default"))
        self.assertEqual(found["deadline"], ["30s", "default"])

    def test_a_bad_variable_is_named(self):
        done = self.command("--print_config", env={"PIXHAUL_RETRIES": "many"})
        self.assertEqual(done.code, 2)
        self.assertIn("PIXHAUL_RETRIES", done.stderr)


class Display(Case):
    def setUp(self):
        super().setUp()
        self.urls = self.origin.images(10)
        self.write_list(self.urls)

    def test_dry_run_counts_and_touches_nothing(self):
        self.origin.ledger(clear=True)
        self.write_list([*self.urls, "www.x.org/a.jpg", "http://b.example/c.jpg"])
        done = self.command("urls.txt", "--dry_run")
        self.assertEqual(done.code, 0, str(done))
        self.assertIn("12 rows on 2 hosts, 1 row that cannot be fetched", done.stdout)
        self.assertIn("line 11: 'www.x.org/a.jpg' lacks http:// or https://", done.stdout)
        self.assertFalse((self.folder / "images").exists())
        self.assertEqual(self.origin.ledger()["requests"], [])

    def test_variables_are_options(self):
        self.download("urls.txt", env={"PIXHAUL_FILE_NAMES": "key", "PIXHAUL_OUTPUT_FOLDER": "o"})
        self.assertEqual(self.rows("o")[0]["path"], "00000/000000000.jpg")

    def test_dashes_and_underscores_are_the_same(self):
        self.download("urls.txt", "--file-names=key", "--output-folder", "o")
        self.assertEqual(self.rows("o")[0]["path"], "00000/000000000.jpg")

    def test_not_on_a_terminal_there_is_no_bar(self):
        done = self.download("urls.txt")
        self.assertEqual(done.stdout, "")
        self.assertNotIn("\r", done.stderr)
        self.assertNotIn("\x1b", done.stderr)
        self.assertRegex(done.stderr, r"^10 of 10 images in images/ \(.*\)\.\n$")

    def test_progress_json_is_a_line_an_event(self):
        self.write_list(self.urls + [self.origin.url("/slow/head?ms=600")])
        done = self.download("urls.txt", "--progress", "json")
        events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        self.assertGreaterEqual(len(events), 2)
        self.assertEqual(events[-1]["success"], 11, events[-1])
        self.assertEqual(events[-1]["by_status"], {"success": 11})
        self.assertEqual([e["seconds"] for e in events], sorted(e["seconds"] for e in events))

    def test_quiet_success_is_silent_and_a_failure_is_not(self):
        done = self.download("urls.txt", "-q")
        self.assertEqual((done.stdout, done.stderr), ("", ""))
        self.write_list([self.origin.url("/status/404")])
        self.assertIn("404", self.download("urls.txt", "-q", "-o", "b", expect=1).stderr)

    def test_the_summary_names_reason_line_and_remedy(self):
        self.write_list(self.urls + [self.origin.url("/status/404")])
        done = self.download("urls.txt", expect=1)
        self.assertIn("10 of 11 images in images/", done.stderr)
        self.assertIn("1 failed: 1 gone (HTTP 404); line 11", done.stderr)
        self.assertIn("images/failed.txt", done.stderr)
        self.assertNotIn("--retry_failed", done.stderr)
        self.assertIn("pixhaul explain http_4xx", done.stderr)


class Compare(Case):
    def setUp(self):
        super().setUp()
        self.write_list(self.origin.images(10))
        self.origin.ledger(clear=True)

    def compare(self, *arguments, **settings):
        return self.command("compare", "urls.txt", *LOOPBACK, "--images", "4,8", "--rounds", "2",
                            *arguments, **settings)

    def test_the_table_the_figures_and_the_plot(self):
        done = self.compare("--json", "c.json", "--plot", "c.svg")
        self.assertEqual(done.code, 0, str(done))
        self.assertIn("96 requests to 1 host", done.stderr)
        for label in ("reuse · stream (requests: Session, r.raw)",
                      "fresh · buffer (requests: no Session, r.content)"):
            self.assertIn(label, done.stdout)
        figures = json.loads((self.folder / "c.json").read_text())
        self.assertEqual(len(figures["cells"]), 8)
        opened = {(c["connection"], c["body"], c["images"]): c["connections_opened"]
                  for c in figures["cells"]}
        self.assertEqual(opened[("reuse", "stream", 4)], 4)
        self.assertEqual(opened[("fresh", "buffer", 8)], 16)
        root = xml.etree.ElementTree.parse(self.folder / "c.svg").getroot()
        self.assertTrue(root.tag.endswith("svg"))
        self.assertEqual(len(self.origin.ledger()["requests"]), 96)
        self.assertFalse((self.folder / "images").exists())

    def test_without_requests_installed_the_answer_says_so(self):
        # A python3 without site packages, first on the path.
        bare = self.folder / "bin"
        bare.mkdir()
        (bare / "python3").write_text(f"#!/bin/sh\nexec {sys.executable} -I -S \"$@\"\n")
        (bare / "python3").chmod(0o755)
        done = self.compare("--with", "requests", env={"PATH": f"{bare}:{os.environ['PATH']}"})
        self.assertEqual(done.code, 2, str(done))
        self.assertIn("--with requests needs python3 with the requests package", done.stderr)

    def test_a_dead_server_is_1(self):
        self.write_list([f"http://127.0.0.1:{self.origin.refusing_port}/a.jpg"] * 10)
        self.assertEqual(self.compare("--retries", "0").code, 1)

    def test_a_short_list_is_used_again(self):
        self.write_list(self.origin.images(3))
        self.assertEqual(self.compare().code, 0)
        self.assertEqual(len(self.origin.ledger()["requests"]), 96)


if __name__ == "__main__":
    unittest.main()
