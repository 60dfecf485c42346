"""Columns and paragraphs of text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest

WIDTH = 100  # columns that printed text fits, but in a terminal that has fewer
_terminal: int | None = None
GAP = "  "


@contextmanager
def fitted(columns: int | None) -> Iterator[None]:
    """What is made in this context fits so many columns; None: WIDTH."""
    global _terminal
    before, _terminal = _terminal, columns
    try:
        yield
    finally:
        _terminal = before


def text_width() -> int:
    """Columns of a paragraph."""
    return min(WIDTH, _terminal or WIDTH)


def stacked(*lines: str) -> str:
    """A cell of several lines, such as a median and its interval; what is empty takes none."""
    return "\n".join(filter(None, lines))


def aligned(
    rows: Iterable[Sequence[str]], *, right: Collection[int] = (), width: int | None = None
) -> list[str]:
    """Rows of cells as lines. The columns named in `right` are flush right. Those that do not fit
    into `width` follow below, in a table of their own that begins with the first column again."""
    width = min(filter(None, (width, _terminal)), default=None)
    lines = [
        line
        for row in rows
        for line in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    ]
    columns = [
        _padded(column, number in right) for number, column in enumerate(zip(*lines, strict=True))
    ]
    found: list[str] = []
    for part in _parts(columns, width):
        texts = [GAP.join(cells).rstrip() for cells in zip(*part, strict=True)]
        found += [*([""] if found else []), *filter(None, texts)]
    return found


def wrapped(text: str, *, mark: str = "") -> list[str]:
    """A paragraph as wide as `text_width`; the lines after the first begin below its `mark`."""
    return textwrap.wrap(
        " ".join(text.split()),
        text_width(),
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _padded(column: Sequence[str], right: bool) -> list[str]:
    width = max(map(len, column))
    return [cell.rjust(width) if right else cell.ljust(width) for cell in column]


def _parts(columns: list[list[str]], width: int | None) -> list[list[list[str]]]:
    """Which columns stand side by side."""
    parts = [columns[:1]]
    for column in columns[1:]:
        row = GAP.join(cells[0] for cells in [*parts[-1], column])
        if width is not None and len(row) > width and len(parts[-1]) > 1:
            parts.append(columns[:1])
        parts[-1] = [*parts[-1], column]
    return parts
