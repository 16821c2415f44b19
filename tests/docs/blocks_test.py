#!/usr/bin/env python3
"""Runs every shell and Python block of the documentation: what a reader copies is what was run.

    tests/docs/blocks_test.py [FILE.md ...]

A fenced block whose first word is `sh`, `python` or `cpp` is run: `sh` by bash, in an empty folder for each file, one block
after the other; `python` in one interpreter for each file; `cpp` is compiled. A block that cannot be run here says so behind
that word, `sh elsewhere` (it needs root, a package manager, a cluster, another machine): it is read for its syntax, counted
and listed. Blocks of other languages are not commands. `bash`, `shell` or `py` would slip through, so they are errors.

The documents name hosts of the world, and nothing leaves this machine: the environment says that names are resolved by a
scripted DNS server, that loopback may be contacted, that connections go through a proxy, and whom to trust. All of these are
documented variables, so that the commands are the product's own, unchanged. The proxy hands port 443 and 80 of every host to
the origin of the end-to-end tests; before a file's blocks run, the origin is given a picture for each address in it.

In the folder lie, for documents that begin with a reader's own list: urls.txt, urls.parquet and laion.parquet, and `build`,
where the command was built.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import select
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/end_to_end"))
from support import INHERITED, PIXHAUL, Origin  # noqa: E402

BUILD = pathlib.Path(PIXHAUL).resolve().parent
PACKAGE = BUILD / "python"
PYTHON = os.environ.get("TEST_VENV", str(ROOT / "build/venv/test")) + "/bin/python"
ARROW_PYTHON = os.environ.get("ARROW_VENV", str(ROOT / "build/venv/arrow")) + "/bin/python"
COMPILER = os.environ.get("CXX", "g++")
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
SKIPPED = 77
SECONDS = 120  # for one block
LANGUAGES = {"sh", "python", "cpp"}
MISSPELT = {"bash", "shell", "console", "py", "python3", "c++", "cc"}
FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"https?://(?:[a-z0-9-]+\.)*example\.(?:org|com)(/[^\n\"'`<>)\]]*?\.(?:jpe?g|png|webp|gif))")
PICTURES = ("/pictures/harbour.jpg", "/pictures/mountain.png", *(f"/photos/{i}.jpg" for i in range(22)))

MAKE_TABLES = """
import pyarrow as pa, pyarrow.parquet as pq, sys
urls = sys.argv[1:]
texts = [f"picture {i}" for i in range(len(urls))]
pq.write_table(pa.table({"url": urls, "text": texts}), "urls.parquet")
pq.write_table(pa.table({"URL": urls, "TEXT": texts, "NSFW": ["UNLIKELY"] * len(urls),
                         "similarity": [0.3] * len(urls)}), "laion.parquet")
"""

# Blocks come over standard input; what became of each goes out over descriptor 3.
INTERPRETER = """
import json, os, sys, traceback
scope = {"__name__": "__main__"}
for line in sys.stdin:
    block = json.loads(line)
    try:
        exec(compile("\\n" * block["line"] + block["text"], block["file"], "exec"), scope)
        trouble = ""
    except BaseException:
        trouble = traceback.format_exc()
    sys.stdout.flush()
    os.write(3, (json.dumps(trouble) + "\\n").encode())
"""


@dataclasses.dataclass
class Block:
    """A fenced block: where it stands, its first word, whether it is run here, its text."""

    file: str
    line: int
    language: str
    is_elsewhere: bool
    text: str


def blocks_of(file, text):
    """Returns the blocks that are commands or programs. Raises ValueError for a fence that cannot be right."""
    blocks = []
    for indent, info, body in FENCE.findall(text):
        language, *words = info.split() or [""]
        line = text[: text.index(f"```{info}\n{body}")].count("\n") + 1
        if language in MISSPELT:
            raise ValueError(f"{file}:{line}: ```{language}: write sh, python or cpp, so that it is run")
        if language not in LANGUAGES:
            continue
        if words not in ([], ["elsewhere"]):
            raise ValueError(f"{file}:{line}: ```{info}: behind the language there can be `elsewhere` only")
        body = "".join(row.removeprefix(indent) for row in body.splitlines(keepends=True))
        blocks.append(Block(file, line, language, bool(words), body))
    return blocks


class World(socketserver.ThreadingTCPServer):
    """The proxy behind which every host is the origin."""

    daemon_threads = True
    request_queue_size = 512  # the comparison opens many connections at once

    def __init__(self, origin):
        super().__init__(("127.0.0.1", 0), Connect)
        self.ports = {443: origin.tls_port, 80: origin.port}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Connect(socketserver.StreamRequestHandler):
    """HTTP CONNECT (RFC 9110 §9.3.6), and nothing else."""

    def handle(self):
        method, target, _ = self.rfile.readline().decode().split()
        while self.rfile.readline().strip():
            pass
        port = self.server.ports.get(int(target.rpartition(":")[2])) if method == "CONNECT" else None
        if port is None:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as other:
            self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            pair = {self.connection: other, other: self.connection}
            for one in pair:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                for ready in select.select(list(pair), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    pair[ready].sendall(data)


class Reader:
    """Somebody who follows one document from its beginning to its end."""

    def __init__(self, origin, world, text):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="docs-"))
        self._interpreter = None
        self.environment = {name: os.environ[name] for name in INHERITED if name in os.environ} | {
            "TERM": "dumb",
            "PATH": f"{BUILD}:{pathlib.Path(PYTHON).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(PACKAGE),
            "PIXHAUL_DNS_SERVERS": f"127.0.0.1:{origin.dns_port}",
            "PIXHAUL_ALLOW_NET": "127.0.0.0/8",
            "http_proxy": world.address,
            "https_proxy": world.address,
            "SSL_CERT_FILE": origin.ca,
            "REQUESTS_CA_BUNDLE": origin.ca,
        }
        self._prepare(origin, text)

    def close(self):
        if self._interpreter:
            self._interpreter.stdin.close()
            self._interpreter.wait(timeout=20)
            self._answers.close()
        shutil.rmtree(self.folder)

    def run(self, block):
        """Returns what went wrong, or an empty string."""
        if block.is_elsewhere:
            return self._read(block)
        return {"sh": self._shell, "python": self._python, "cpp": self._compile}[block.language](block)

    def _prepare(self, origin, text):
        urls = [f"https://images{i % 2}.example.org{path}" for i, path in enumerate(PICTURES)]
        for i, path in enumerate({*PICTURES, *ADDRESS.findall(text)}):
            extension = path.rpartition(".")[2].replace("jpeg", "jpg")
            origin.put(urllib.parse.quote(path, safe="/%"), origin.get(f"/img/64/48/{i}.{extension}"))
        (self.folder / "build").symlink_to(BUILD)
        (self.folder / "urls.txt").write_text("".join(url + "\n" for url in urls))
        subprocess.run([ARROW_PYTHON, "-c", MAKE_TABLES, *urls], cwd=self.folder, check=True)

    def _shell(self, block):
        return self._command(["bash", "-euo", "pipefail", "-c", block.text])

    def _compile(self, block):
        (self.folder / "block.cc").write_text(block.text)
        return self._command([COMPILER, "-std=c++23", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers",
                              "-fsyntax-only", "-I", str(ROOT / "include"), "block.cc"])

    def _read(self, block):
        if block.language == "sh":
            return self._command(["bash", "-n", "-c", block.text])
        if block.language == "python":
            try:
                compile(block.text, block.file, "exec")
            except SyntaxError as error:
                return str(error)
        return ""

    def _command(self, words):
        try:
            done = subprocess.run(words, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as late:
            return f"not over after {SECONDS} s: {late.stdout}"
        return "" if done.returncode == 0 else f"exit {done.returncode}\n{done.stdout}"

    def _python(self, block):
        if self._interpreter is None:
            inside, outside = os.pipe()
            command = ["bash", "-c", f'exec "$0" -c "$1" 3>&{outside}', PYTHON, INTERPRETER]
            self._interpreter = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdin=subprocess.PIPE,
                                                 stdout=subprocess.DEVNULL, pass_fds=[outside], text=True)
            os.close(outside)
            self._answers = os.fdopen(inside)
        order = {"file": block.file, "line": block.line, "text": block.text}
        self._interpreter.stdin.write(json.dumps(order) + "\n")
        self._interpreter.stdin.flush()
        if not select.select([self._answers], [], [], SECONDS)[0]:
            return f"not over after {SECONDS} s"
        answer = self._answers.readline()
        return json.loads(answer) if answer else "the interpreter died"


def documents():
    """Every page that people read, by its path from the root."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(str(page.relative_to(ROOT)) for page in pages)


def follow(name, text, origin, world):
    """Runs a document's blocks; returns (how many ran, those that did not, what went wrong)."""
    blocks = blocks_of(name, text)
    if not blocks:
        return 0, [], []
    reader = Reader(origin, world, text)
    try:
        troubles = []
        for block in blocks:
            if trouble := reader.run(block):
                troubles.append(f"{block.file}:{block.line}: {block.language}\n{block.text}{trouble}")
        elsewhere = [block for block in blocks if block.is_elsewhere]
        return len(blocks) - len(elsewhere), elsewhere, troubles
    finally:
        reader.close()


class BlocksTest(unittest.TestCase):
    names = []

    @classmethod
    def setUpClass(cls):
        cls.origin = Origin(*(word for suffix in ("org", "com") for word in ("--dns_wildcard", f"{suffix}=127.0.0.1")))
        cls.addClassCleanup(cls.origin.close)
        cls.world = World(cls.origin)
        cls.addClassCleanup(cls.world.server_close)
        cls.addClassCleanup(cls.world.shutdown)

    def follow(self, text):
        return follow("page.md", text, self.origin, self.world)

    def test_every_block_of_every_document(self):
        ran, elsewhere, troubles = 0, [], []
        for name in self.names or documents():
            count, others, wrong = follow(name, (ROOT / name).read_text(), self.origin, self.world)
            ran, elsewhere, troubles = ran + count, elsewhere + others, troubles + wrong
        print(f"{ran} blocks ran, {len(elsewhere)} are for elsewhere:")
        for block in elsewhere:
            print(f"  {block.file}:{block.line}: {block.text.splitlines()[0]}")
        self.assertFalse(troubles, "\n\n".join(troubles))
        self.assertTrue(self.names or ran > 12, "the documents have lost their blocks")

    def test_blocks_of_a_document_share_its_folder_and_its_interpreter(self):
        page = ("```sh\npixhaul https://example.org/a.jpg -q && ls images/00000/*-a.jpg\n```\n"
                "```python\nimport pathlib\nfound = list(pathlib.Path('images').glob('00000/*'))\n```\n"
                "```python\nassert len(found) == 1\n```\n")
        self.assertEqual(self.follow(page), (3, [], []))

    def test_what_fails_is_told_with_its_place(self):
        page = "# A page\n\n```sh\ntrue\nfalse\necho never\n```\n\n```python\nx = 1\nassert x == 2\n```\n"
        _, _, troubles = self.follow(page)
        self.assertEqual(len(troubles), 2)
        self.assertRegex(troubles[0], r"^page\.md:3: sh\n(.*\n)*exit 1")
        self.assertNotIn("never\n", troubles[0].partition("exit 1")[2])
        self.assertIn('File "page.md", line 11', troubles[1])

    def test_programs_are_compiled(self):
        program = "```cpp\n#include <pixhaul/options.h>\nint main() { return pixhaul::Options().%s; }\n```\n"
        self.assertEqual(self.follow(program % "retries"), (1, [], []))
        self.assertIn("nonsense", self.follow(program % "nonsense")[2][0])

    def test_a_block_for_elsewhere_is_not_run_but_read(self):
        ran, elsewhere, troubles = self.follow("```sh elsewhere\nfalse\n```\n```sh elsewhere\nif then\n```\n")
        self.assertEqual((ran, len(elsewhere), len(troubles)), (0, 2, 1))

    @unittest.skipUnless(NGINX, "no nginx here")
    def test_nginx_takes_what_site_operators_are_given(self):
        snippets = re.findall(r"^```nginx\n(.*?)^```$", (ROOT / "docs/site_operators.md").read_text(), re.MULTILINE | re.DOTALL)
        self.assertGreaterEqual(len(snippets), 3)
        whole = "".join(snippet for snippet in snippets if "server {" in snippet)
        parts = "".join(snippet for snippet in snippets if "server {" not in snippet)
        with tempfile.TemporaryDirectory() as folder:
            kept = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            (pathlib.Path(folder) / "nginx.conf").write_text(
                f"pid {folder}/pid; error_log {folder}/log; events {{}}\n"
                f"http {{ access_log off; {kept}\n{whole}\nserver {{ listen 127.0.0.1:8081;\n{parts}}} }}\n")
            done = subprocess.run([NGINX, "-t", "-c", f"{folder}/nginx.conf"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_fence_that_would_slip_through_is_an_error(self):
        for fence in ("bash", "py", "sh later"):
            with self.assertRaises(ValueError, msg=fence):
                blocks_of("page.md", f"```{fence}\ntrue\n```\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILE.md", help="these documents only")
    BlocksTest.names = parser.parse_args().files
    for needed in (PYTHON, ARROW_PYTHON, *PACKAGE.glob("pixhaul")):
        if not os.path.exists(needed):
            print(f"{needed} is not there; tools/install_packages build test")
            sys.exit(SKIPPED)
    if not list(PACKAGE.glob("pixhaul/_core*")):
        print(f"the Python package is not built in {PACKAGE}")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=1)


if __name__ == "__main__":
    main()
