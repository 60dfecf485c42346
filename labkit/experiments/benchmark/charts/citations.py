"""Published figures in words: the value as its source gives it, where it comes from, and what is
not drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from labkit import units

BOUNDS = {"=": "", "<=": "≤ ", ">": "> "}


def value(row: Any) -> str:
    """With the digits that its source gives; a ratio that was computed has three."""
    if isinstance(row.baseline, str):
        return BOUNDS[row.bound] + units.text(row.amount, units.ratio)
    return f"{BOUNDS[row.bound]}{row.value:g}{'×' if row.unit == 'ratio' else f' {row.unit}'}"


def origin(row: Any) -> str:
    """Such as "Felter et al. 2014, Linpack, n = 10"."""
    n = f"n = {row.samples:.0f}" if units.known(row.samples) else ""
    return ", ".join(filter(None, [f"{row.source} {row.year}", row.workload, n]))


def refused(table: pd.DataFrame) -> Iterator[str]:
    """A line for each reason, with the figures that it holds for."""
    left = missed(table)
    if not left.empty:
        yield "Not drawn:"
    for reason, group in left.groupby("reason", sort=False):
        yield f"·  {'; '.join(_names(group))}: {reason}."


def missed(table: pd.DataFrame) -> pd.DataFrame:
    """What is not drawn, without what only divides others and has no amount of its own."""
    return table[~table["shown"] & table["amount"].notna()]


def _names(figures: pd.DataFrame) -> Iterator[str]:
    """Such as "Firecracker, QEMU (kvm; Agache et al. 2020)"."""
    for (source, year, engine), group in figures.groupby(["source", "year", "engine"], sort=False):
        yield f"{', '.join(group['subject'])} ({engine}; {source} {year})"
