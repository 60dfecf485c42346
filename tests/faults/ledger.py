"""What came of the faults, counted for the reader of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

HEADINGS = (
    *("kind", "injected", "orphans", "strangers touched", "lost trials", "failures told"),
    "without advice",
)


@dataclass
class Entry:
    """One fault. told: how many failures were shown to the user; unadvised: those that did not
    say what, why and what to do. believed: a change of a file that nothing can tell from data."""

    kind: str
    injected: bool = False
    orphans: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    told: int = 0
    unadvised: list[str] = field(default_factory=list)
    believed: int = 0

    @property
    def complaints(self) -> list[str]:
        return [
            *(f"orphan: {orphan}" for orphan in self.orphans),
            *(f"a stranger was touched: {stranger}" for stranger in self.touched),
            *(f"lost: {trial}" for trial in self.lost),
            *(f"no advice: {text}" for text in self.unadvised),
        ]


def summary(entries: list[Entry]) -> Iterator[str]:
    """The counts by kind as lines of a table."""
    kinds = dict.fromkeys(entry.kind for entry in entries)
    rows = [_row(kind, (e for e in entries if e.kind == kind)) for kind in kinds]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
    for row in (HEADINGS, *rows, _row("all", entries)):
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    if believed := sum(entry.believed for entry in entries):
        yield (
            f"{believed} of the damaged files belong to a run without an ending (its manifest, or "
            "the end of its journal): nothing can tell these from what was written."
        )


def _row(kind: str, entries: Iterable[Entry]) -> tuple[str, ...]:
    found = [entry for entry in entries if entry.injected]
    counts = (
        len(found),
        sum(len(entry.orphans) for entry in found),
        sum(len(entry.touched) for entry in found),
        sum(len(entry.lost) for entry in found),
        sum(entry.told for entry in found),
        sum(len(entry.unadvised) for entry in found),
    )
    return (kind, *map(str, counts))
