"""The progress bar on a real pseudo-terminal: no flicker, resized windows, narrow ones, dumb ones, CI logs."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

from support import LOOPBACK, PIXHAUL, Case, clean_environment

ROWS = 30


class Screen:
    """What a terminal without reflow shows: printable bytes, CR, LF, erase to the end, colours."""

    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column = columns, [""], 0, 0
        self.blank_moments = 0  # how often the line under the cursor had been text and was blank

    def feed(self, text):
        for token in re.findall(r"\x1b\[[0-9;]*[a-zA-Z]|.", text, re.DOTALL):
            before = self.lines[self.row].strip()
            self._take(token)
            if before and not self.lines[self.row].strip() and token != "\n":
                self.blank_moments += 1

    def _take(self, token):
        line = self.lines[self.row]
        if token == "\r":
            self.column = 0
        elif token == "\n":
            self.row, self.lines = self.row + 1, self.lines[: self.row + 1] + [""]
        elif token == "\x1b[J":
            self.lines = self.lines[: self.row] + [line[: self.column]]
        elif token.startswith("\x1b["):
            assert token.endswith("m"), f"an escape sequence that not all terminals have: {token!r}"
        else:
            assert self.column < self.columns, f"wraps: {line!r}"
            self.lines[self.row] = line.ljust(self.column)[: self.column] + token + line[self.column + 1:]
            self.column += 1


class ProgressBar(Case):
    def setUp(self):
        super().setUp()
        # Some pictures a second, for about a second: host_interval is the clock of these tests.
        self.write_list(self.origin.images(ROWS))

    def on_terminal(self, *arguments, columns=100, resize_to=None, **variables):
        """What a run writes to a terminal of that width; resized once a bar was seen."""
        leader, follower = pty.openpty()
        resize = lambda to: fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", 24, to, 0, 0))
        resize(columns)
        environment = {**clean_environment(), "TERM": "xterm", **variables}
        process = subprocess.Popen(
            [PIXHAUL, "urls.txt", "--host_interval", "40ms", *LOOPBACK, *arguments], cwd=self.folder,
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=follower)
        os.close(follower)
        chunks, resized_at = [], None
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:  # EIO: the other side is closed
                break
            if not chunk:
                break
            chunks.append(chunk.decode().replace("\r\n", "\n"))  # the line discipline's
            if resize_to and resized_at is None and "[" in chunks[-1]:
                resize(resize_to)
                resized_at = sum(map(len, chunks))
        os.close(leader)
        self.assertEqual(process.wait(timeout=30), 0)
        return "".join(chunks), resized_at

    def test_it_never_blinks_and_leaves_only_the_summary(self):
        text, _ = self.on_terminal()
        screen = Screen(100)
        screen.feed(text)
        self.assertRegex(text, r"\r\[(\x1b\[32m)?#*(\x1b\[0m)?\.*\] \d+/30 ")
        self.assertGreaterEqual(text.count("in flight"), 3)
        self.assertEqual(screen.blank_moments, 1, "erased once, before the summary")
        self.assertEqual(len(screen.lines), 2, screen.lines)
        self.assertRegex(screen.lines[0], r"^30 of 30 images in images/")

    def test_a_window_that_becomes_narrower_is_respected_at_the_next_frame(self):
        text, resized_at = self.on_terminal(columns=120, resize_to=40)
        frames = [f for f in re.sub(r"\x1b\[\d*m", "", text[resized_at:]).split("\r") if "/30" in f]
        self.assertGreaterEqual(len(frames), 3)
        for frame in frames:
            self.assertLess(len(frame.removesuffix("\x1b[J")), 40, frame)

    def test_a_very_narrow_window_keeps_the_count(self):
        text, _ = self.on_terminal(columns=12)
        shown = [f for f in text.split("\r") if re.match(r"\d+/30", f)]
        self.assertTrue(shown, repr(text))

    def test_a_notice_stands_above_the_bar(self):
        text, _ = self.on_terminal("--concurrency", "100000")
        screen = Screen(200)
        screen.feed(text)
        self.assertRegex("\n".join(screen.lines), r"(?m)^pixhaul: concurrency lowered ")
        self.assertLessEqual(screen.blank_moments, 1)

    def test_no_color_has_a_bar_without_colours(self):
        text, _ = self.on_terminal(NO_COLOR="1")
        self.assertIn("[#", text)
        self.assertNotRegex(text, r"\x1b\[\d*m")

    def test_dumb_terminals_and_ci_logs_have_no_bar(self):
        for variables in ({"TERM": "dumb"}, {"CI": "true"}):
            text, _ = self.on_terminal(**variables)
            self.assertRegex(text, r"^30 of 30 images in images/ \(.*\)\.\n$", variables)
            subprocess.run(["rm", "-r", self.folder / "images"], check=True)

    def test_a_bar_asked_for_on_a_dumb_terminal_has_no_escapes(self):
        text, _ = self.on_terminal("--progress", "bar", TERM="dumb")
        self.assertIn("\r[", text)
        self.assertNotIn("\x1b", text)
        screen = Screen(100)
        screen.feed(text)
        self.assertRegex(screen.lines[0].rstrip(), r"^30 of 30 images in images/ .*\.$")


if __name__ == "__main__":
    unittest.main()
