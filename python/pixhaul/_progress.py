"""A run's progress on standard error, or as a bar in a notebook."""

import json
import sys
import time

from ._summary import _bytes

_LINE_EVERY = 10.0
_JSON_EVERY = 1.0


def shows(style):
    """Returns the callback that shows progress in `style` (the option `progress`), or None."""
    if style == "none":
        return None
    if style == "auto":
        if _in_notebook():
            return _Notebook()
        return _Bar() if sys.stderr is not None and sys.stderr.isatty() else None
    return {"bar": _Bar, "plain": _Plain, "json": _Json}[style]()


def _in_notebook():
    shell = sys.modules.get("IPython")
    shell = shell.get_ipython() if shell else None
    return shell is not None and hasattr(shell, "kernel")


def _figures(now):
    done, total = now["rows_done"] + now["rows_resumed"], now["rows_total"]
    seconds = max(now["seconds"], 1e-3)
    ok = now["by_status"].get("success", 0)
    text = f"{done:,}/{total:,}" if total is not None else f"{done:,} of {max(now['rows_read'], done):,}+"
    text += f"  {now['rows_done'] / seconds:.0f} images/s  {_bytes(now['bytes_body'] / seconds)}/s"
    if now["rows_done"]:
        text += f"  {ok * 100 // now['rows_done']}% ok"
    return text, (done / total if total else None)


class _Bar:
    """One line that is written over itself."""

    def __init__(self):
        self._width = 0

    def __call__(self, now):
        text, share = _figures(now)
        if share is not None:
            full = int(20 * min(share, 1))
            text = f"[{'#' * full}{'.' * (20 - full)}] {text}"
        sys.stderr.write("\r" + text.ljust(self._width)[:119])
        sys.stderr.flush()
        self._width = len(text)

    def close(self):
        """Leaves the last state on its line."""
        if self._width:
            sys.stderr.write("\n")


class _Plain:
    """A line every ten seconds."""

    every = _LINE_EVERY

    def __init__(self):
        self._next = time.monotonic() + self.every

    def __call__(self, now):
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self.every
            sys.stderr.write(self.line(now) + "\n")

    def line(self, now):
        """Returns what is written."""
        return f"{now['seconds']:.0f} s: {_figures(now)[0]}"

    def close(self):
        """Nothing is left open."""


class _Json(_Plain):
    """An object a second, as the command writes them."""

    every = _JSON_EVERY

    def line(self, now):
        return json.dumps(now)


class _Notebook:
    """A bar under the cell."""

    def __init__(self):
        from IPython.display import HTML, display

        self._html = HTML
        self._handle = display(HTML("…"), display_id=True)

    def __call__(self, now):
        text, share = _figures(now)
        bar = f"<progress max=1 value={share:.4f}></progress> " if share is not None else "<progress></progress> "
        self._handle.update(self._html(bar + text))

    def close(self):
        """The last state stays."""
