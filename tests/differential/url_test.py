#!/usr/bin/env python3
"""Our URL parser beside Ada's, which is Node's: what both take for an http or https URL has to be the same URL, letter
for letter, and what the standard refuses we refuse. Two parsers that disagree are how a guard looks at one host and a
request goes to another (reliability N23). `PIXHAUL_CASES` texts are made (20,000), from `PIXHAUL_SEED`.

Ours drops fragment, user name and password, and refuses more; known() says what, and why."""

import os
import pathlib
import random
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = pathlib.Path(os.environ.get("TEST_VENV", ROOT / "build/venv/test")) / "bin/python"
PROGRAM = os.environ.get("PRINT_URLS", str(ROOT / "build/dev/tests/differential/print_urls"))
CASES = int(os.environ.get("PIXHAUL_CASES", "20000"))
SKIPPED = 77

SCHEMES = ["http:", "https:", "HTTP:", "hTTps:", "http", "https:/", "ftp:", "file:", "data:", "javascript:", "ht\ttp:", "",
           "http:", "https:", "http:", "https:", "ws:", "h:", "1http:"]
SLASHES = ["//", "//", "//", "//", "//", "/", "", "///", "\\\\", "\\/", "/\\", "/\t/", "//\n"]
USERS = ["", "", "", "", "", "user@", "user:secret@", "@", ":@", "a:b:c@", "x@y@", "%40@", "a/b@", "\u00fc@", "a b@"]
HOSTS = ["x.org", "X.ORG", "a.b.c.x.org", "x.org.", "x..org", ".x.org", "localhost", "a_b.org", "-a.org", "a-.org", "1.2.3.4",
         "1.2.3", "1.2", "16909060", "0x7f.1", "0x7F000001", "017700000001", "127.0.0.0x1", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1",
         "1.1.1.256", "4294967295", "4294967296", "0x", "0x.0x", "1.2.3.08", "09.1", "a.1", "1.a", "a.0x1", "0xg", "1..2",
         "[::1]", "[::]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7]", "[::ffff:1.2.3.4]", "[::1.2.3.4]", "[1::2::3]", "[::1%25eth0]",
         "[fe80::1%eth0]", "[::g]", "[:]", "[", "]", "[::1", "::1", "[0:0:1:0:0:0:0:1]", "[1:0:0:2:0:0:0:3]", "[::1.2.3]",
         "[::01.2.3.4]", "[::256.1.1.1]", "[12345::]", "[ABCD::EF]", "%31%32%37.0.0.1", "x%2eorg", "x%00.org", "x%20.org", "%zz.org",
         "x%.org", "%41.org", "a%2fb", "x org", "x<org", "x>org", "x^org", "x|org", "x\\org", "x#org", "x?org", "x%org", "x;org",
         "x,org", "x'org", "x\"org", "x`org", "x{org", "x}org", "x~org", "x!org", "x$org", "x&org", "x(org)", "x*org", "x+org", "x=org",
         "x\x7forg", "x\x01org", "", "xn--bcher-kva.example", "xn--", "xn--a", "xn--0", "b\u00fccher.example", "B\u00dcCHER.example",
         "stra\u00dfe.de", "\u4f8b\u3048.jp", "x\u3002org", "x\uff0eorg", "\uff11.2.3.4", "\uff10x7f.1", "\u00ad", "a\u00adb.org",
         "\u200d.org", "\ufdd0.org", "\u2100.org", "\U0001f4a9.la", "faß.de", "a" * 63 + ".org", "a" * 64 + ".org",
         ".".join(["a" * 60] * 5)]
PORTS = ["", "", "", "", "", "", ":80", ":443", ":8080", ":", ":0", ":00080", ":65535", ":65536", ":99999999999", ":8a", ":-1",
         ":+1", ": 80", ":8\t0", ":21", ":6667"]
SEGMENTS = ["a", "b.jpg", ".", "..", "%2e", "%2E%2e", ".%2e", "...", "", "a b", "%20", "%zz", "%", "a;b", "a:b", "C:", "c|", "\u00fc",
            "\\", "..\\", "a\\..\\b", "{x}", "<x>", "`", "^", "|", "[x]", "'", "\"", "\x01", "\x7f", "\x80", "\t", "a\nb", "%00", "@",
            "~", "\U0001f4a9", "%e4%b8", "&", "="]
QUERIES = ["", "", "", "", "?", "?a=b", "?a b", "?'", "?\"<>", "?#", "?%zz", "?\u00fc", "?a?b", "?a=http://y/", "?\\..\\", "?\x01\x7f", "?`{}|^",
           "?a\tb"]
FRAGMENTS = ["", "", "", "", "#", "#x", "#x?y", "#\u00fc", "# <>`"]
PADDING = ["", "", "", "", "", " ", "\t", "\n", "\x00", "\x1f ", "\r\n"]
RELATIVE = ["", "?", "?x", "#", "#x", "//", "///", "/", "\\", "\\\\y.org/z", "//y.org", "//y.org:80/", "..", ".", "a:b", "http:", "http:z",
            "https:z", "http:/z", "http:?q", "http:\\\\y", "mailto:x", "/\t/y.org", " /a ", "//[::1]/", "//1.2.3", "//y@z/", "c:/x", "/c:/../x"]
BASES = ["http://a/b/c/d;p?q", "https://x.org", "https://x.org:444/a/../b?c#d", "http://1.2.3.4/a//b/"]


def a_url(dice):
    one = dice.choice
    path = "".join(one("///\\") + one(SEGMENTS) for _ in range(dice.randint(0, 4)))
    text = (one(PADDING) + one(SCHEMES) + one(SLASHES) + one(USERS) + one(HOSTS) + one(PORTS) + path + one(QUERIES) +
            one(FRAGMENTS) + one(PADDING))
    for _ in range(dice.choice((0, 0, 0, 1, 3))):
        at = dice.randrange(len(text) + 1)
        what = one((chr(dice.randrange(1, 128)), one(":/?#[]@\\%.\t0x"), text[at:at + 3], ""))
        text = text[:at] + what + text[at + dice.randrange(3):]
    return text


def a_case(dice):
    """A text, and what it is relative to or None."""
    if dice.random() < 0.7:
        return a_url(dice), None
    base = dice.choice(BASES)
    roll = dice.random()
    if roll < 0.4:
        return dice.choice(RELATIVE) + dice.choice(("", "", dice.choice(SEGMENTS), dice.choice(QUERIES))), base
    if roll < 0.8:
        return "/".join(dice.choice(SEGMENTS) for _ in range(dice.randint(1, 5))) + dice.choice(QUERIES), base
    return a_url(dice), base


def asked(cases):
    def shown(text):
        return "." + text.encode("utf-8", "surrogatepass").hex()

    lines = "".join((f"{shown(base)} {shown(text)}" if base else shown(text)) + "\n" for text, base in cases)
    done = subprocess.run([PROGRAM], input=lines.encode(), capture_output=True, check=True)
    return done.stdout.decode("ascii").split("\n")[:-1]


def theirs(text, base):
    """The canonical form without what ours drops; None when refused, `other` for another scheme."""
    from ada_url import URL
    try:
        url = URL(text, base=base) if base else URL(text)
    except ValueError:
        return None
    if url.protocol not in ("http:", "https:"):
        return "other"
    url.username = url.password = url.hash = ""
    return url.href


# Why ours refuses what theirs takes for a URL. Nothing else may differ.
def known(ours, their, base):
    if ours == "!port_denied":
        return "ports on the standard's list of bad ports for fetching"
    host = re.sub(r"^https?://([^/?#]*?)(:\d+)?([/?#].*)?$", r"\1", their)
    if ours in ("!bad_url", "!redirect_bad") and (len(host) > 253 or max(map(len, host.split("."))) > 63):
        return "names longer than DNS has"
    if ours in ("!bad_url", "!redirect_bad") and any(label.startswith("xn--") for label in host.split(".")):
        return "names whose Punycode is none"
    return None


def main():
    if "--in-venv" not in sys.argv:
        if not VENV.exists() or subprocess.run([VENV, "-c", "import ada_url"], capture_output=True).returncode:
            print("skipped: no ada-url; tools/install_packages test gets it")
            return SKIPPED
        return subprocess.run([VENV, __file__, "--in-venv"]).returncode
    dice = random.Random(int(os.environ.get("PIXHAUL_SEED", "23")))
    cases = [a_case(dice) for _ in range(CASES)]
    wrong, equal, refused, excused = [], 0, 0, {}
    for (text, base), ours in zip(cases, asked(cases), strict=True):
        their = theirs(text, base)
        if their is None or their == "other":
            refused += 1
            if not ours.startswith("!"):
                wrong.append((text, base, ours, their))
        elif ours == their:
            equal += 1
        elif reason := known(ours, their, base):
            excused[reason] = excused.get(reason, 0) + 1
        else:
            wrong.append((text, base, ours, their))
    for text, base, ours, their in wrong[:20]:
        print(f"{text!r} to {base!r}: {ours}, theirs {their}")
    print(f"{CASES:,} texts: {equal:,} the same URL, {refused:,} refused by both, {len(wrong)} disagreements; "
          + ", ".join(f"{number:,} {reason}" for reason, number in excused.items()))
    return 1 if wrong or not equal or not refused else 0


if __name__ == "__main__":
    sys.exit(main())
