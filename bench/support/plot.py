"""Bars and lines as small SVG files, readable on light and on dark pages, without any library.

Colours follow the reader's preference by a media query inside the file; where that is not honoured the light ones show.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
  text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}.small{font-size:10.5px}
  .grid{stroke:#8886;stroke-width:1}.floor{stroke:#c33;stroke-width:2}
  .s0{--c:#1f6fb2}.s1{--c:#e08a1e}.s2{--c:#4d9a4d}.s3{--c:#9a5bb5}.s4{--c:#888}.s5{--c:#c2527a}.s6{--c:#3aa3a3}.s7{--c:#a2762e}
  .bar{fill:var(--c)}.line{stroke:var(--c);fill:none;stroke-width:2}.dot{fill:var(--c)}
  @media(prefers-color-scheme:dark){text{fill:#ddd}.s0{--c:#62a8e5}.s1{--c:#f0ac55}.s2{--c:#7cc47c}.s3{--c:#c08ed6}
  .s4{--c:#aaa}.s5{--c:#e58aac}.s6{--c:#6fcccc}.s7{--c:#cfa766}.floor{stroke:#f66}}
"""
_ROW = 17
_LABEL_WIDTH = 250
_PLOT_WIDTH = 470
_VALUE_WIDTH = 110


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        label: What stands to its left.
        value: Its length.
        low: Start of the spread's whisker, or None.
        high: End of it.
        series: Which colour, 0 to 7.
        floor: Where the physical limit is marked, or None.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    series: int = 0
    floor: float | None = None


@dataclass(frozen=True)
class Group:
    """Bars that belong together, under one heading."""

    title: str
    bars: Sequence[Bar]


def _nice_ceiling(value: float) -> float:
    """Returns the next of 1, 2, 2.5, 5 × 10ⁿ at or above `value`."""
    if value <= 0:
        return 1.0
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value * 0.999)


def _number(value: float) -> str:
    """Returns a value with three figures that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


class _Page:
    """Collects SVG elements and knows how tall they are."""

    def __init__(self, title: str, note: str) -> None:
        self.parts: list[str] = []
        self.y = 24.0
        self.text(10, title, "title")
        self.y += 18
        if note:
            self.text(10, note, "small")
            self.y += 14

    def text(self, x: float, words: str, kind: str = "", anchor: str = "start") -> None:
        """Writes `words` at the current height."""
        self.parts.append(f'<text x="{x:.1f}" y="{self.y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def shape(self, markup: str) -> None:
        """Adds an element."""
        self.parts.append(markup)

    def finish(self) -> str:
        """Returns the file's text."""
        width, height = _LABEL_WIDTH + _PLOT_WIDTH + _VALUE_WIDTH, self.y + 16
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
            f'height="{height:.0f}" role="img">\n<style>{_STYLE}</style>\n{body}\n</svg>\n'
        )


def _draw_bar(page: _Page, bar: Bar, full: float) -> None:
    """Draws one row: label, bar, whisker, floor mark, value."""
    scale = _PLOT_WIDTH / full
    top = page.y - 11
    page.text(_LABEL_WIDTH - 8, bar.label, anchor="end")
    page.shape(
        f'<rect x="{_LABEL_WIDTH}" y="{top:.1f}" width="{max(1.0, min(bar.value, full) * scale):.1f}" height="{_ROW - 4}" rx="2" '
        f'class="bar s{bar.series % 8}"/>'
    )
    if bar.low is not None and bar.high is not None:
        left, right = (_LABEL_WIDTH + min(edge, full) * scale for edge in (bar.low, bar.high))
        page.shape(f'<path d="M{left:.1f} {top + 6.5:.1f}H{right:.1f}" class="grid" style="stroke:#0008"/>')
    if bar.floor is not None:
        x = _LABEL_WIDTH + min(bar.floor, full) * scale
        page.shape(f'<path d="M{x:.1f} {top - 2:.1f}v{_ROW}" class="floor"/>')
    page.text(_LABEL_WIDTH + min(bar.value, full) * scale + 6 if bar.value < full else _LABEL_WIDTH + _PLOT_WIDTH + 4,
              _number(bar.value), "small")
    page.y += _ROW


def bars(title: str, note: str, groups: Sequence[Group], cap: float | None = None) -> str:
    """Draws groups of horizontal bars, a scale for each group.

    Args:
        title: The heading.
        note: A line below it: unit, where, when.
        groups: What to draw.
        cap: Longest bar as a multiple of its group's shortest; longer ones are cut and keep their number. None: no cut.

    Returns:
        The SVG file's text.
    """
    page = _Page(title, note)
    for group in groups:
        if not group.bars:
            continue
        page.y += 10
        page.text(10, group.title, "title")
        page.y += 20
        longest = max(max(bar.value, bar.floor or 0) for bar in group.bars)
        shortest = min(bar.value for bar in group.bars)
        full = longest if cap is None else min(longest, shortest * cap)
        for bar in group.bars:
            _draw_bar(page, bar, full)
    return page.finish()


@dataclass(frozen=True)
class Line:
    """A named line of points, x ascending."""

    label: str
    points: Sequence[tuple[float, float]]
    series: int = 0


def _axes(page: _Page, top: float, height: float, max_x: float, max_y: float) -> None:
    """Draws four grid lines a direction with their numbers."""
    for step in range(5):
        share = step / 4
        y, x = top + height * (1 - share), 60 + share * (_LABEL_WIDTH + _PLOT_WIDTH - 80)
        page.shape(f'<path d="M60 {y:.1f}H{_LABEL_WIDTH + _PLOT_WIDTH - 20}" class="grid"/>')
        page.y = y + 4
        page.text(54, _number(max_y * share), "small", "end")
        page.y = top + height + 16
        page.text(x, _number(max_x * share), "small", "middle")


def lines(title: str, note: str, drawn: Sequence[Line]) -> str:
    """Draws lines over common axes that begin at zero.

    Args:
        title: The heading.
        note: A line below it: what the axes are.
        drawn: The lines; at least one with a point.

    Returns:
        The SVG file's text.
    """
    page = _Page(title, note)
    top, height, width = page.y + 6, 280.0, _LABEL_WIDTH + _PLOT_WIDTH - 80
    max_x = _nice_ceiling(max(x for line in drawn for x, _ in line.points))
    max_y = _nice_ceiling(max(y for line in drawn for _, y in line.points))
    _axes(page, top, height, max_x, max_y)
    for line in drawn:
        at = [(60 + x / max_x * width, top + height * (1 - y / max_y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        page.shape(f'<polyline points="{path}" class="line s{line.series % 8}"/>')
        for x, y in at:
            page.shape(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="dot s{line.series % 8}"/>')
        page.y = at[-1][1] + 4
        page.text(at[-1][0] + 8, line.label, "small")
    page.y = top + height + 24
    return page.finish()
