"""Markdown tables and the lines that say where numbers came from."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Returns a Markdown table.

    Args:
        head: Column titles.
        rows: A sequence of cells a row, already text.
    """
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(" --- " for _ in head) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def spread(median: float, low: float, high: float, digits: int = 1) -> str:
    """Returns `median [low–high]`."""
    return f"{median:.{digits}f} [{low:.{digits}f}–{high:.{digits}f}]"


def verdict(ratio: float | None, limit: float) -> str:
    """Returns a ratio beside its target and whether it was met; a dash when it was not measured."""
    if ratio is None:
        return f"– (≤ {limit:g})"
    return f"{ratio:.2f} (≤ {limit:g}) {'met' if ratio <= limit else 'MISSED'}"


def at_least(ratio: float | None, limit: float) -> str:
    """Returns a ratio beside the least it should be and whether it was met; a dash when it was not measured."""
    if ratio is None:
        return f"– (≥ {limit:g})"
    return f"{ratio:.1f} (≥ {limit:g}) {'met' if ratio >= limit else 'MISSED'}"


def origin_lines(machine: dict[str, str], versions: dict[str, str], command: str, date: str) -> str:
    """Returns the paragraph that says when, where, with what and how."""
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, {machine['system']}, Linux {machine['kernel']}"
    what = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"Made on {date} by `{command}` on {where}.\n\nVersions: {what}."


def write(path: Path, text: str) -> None:
    """Writes `text` to `path` and says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"wrote {path}")
