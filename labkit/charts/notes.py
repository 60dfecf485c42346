"""The sentences that stand with each chart: how many trials, which engine, what to doubt."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit.errors import UsageError
from labkit.units import label

ENGINES = {
    "tcg": "tcg emulates the processor in software; it is not hardware virtualization.",
    "vbox-recompiler": "vbox-recompiler is VirtualBox without its kernel driver: it interprets "
    "the guest's instructions, far slower than with the driver.",
}
INTERVAL = "Marker: median; line: its 95 % interval (BCa bootstrap)."


def interval(table: pd.DataFrame) -> str:
    """How medians and intervals are drawn; empty where no trial has a second one beside it."""
    return INTERVAL if repeated(table) else ""


def interval_and_few(table: pd.DataFrame) -> str:
    """As `interval`, with what to doubt where there are few values; for rows of any kind."""
    few = table.loc[table["few"], "n"]
    if few.empty:
        return interval(table)
    if few.min() == 1:
        return f"{interval(table)} n = 1: a single value has no interval.".strip()
    return f"{interval(table)} n = {few.min()}: intervals cover less than they say."


def with_interval(table: pd.DataFrame) -> str:
    """What follows "Median …" in a sentence."""
    return ", with its 95 % interval" if repeated(table) else ""


def repeated(table: pd.DataFrame) -> bool:
    """Whether any backend has more than one trial, and so an interval."""
    return bool((table["n"] > 1).any())


def sizes(table: pd.DataFrame) -> str:
    """How many trials: "n = 10 trials", or "n trials: host 10, docker 9"."""
    counts = _counts(table)
    if len(set(counts.values())) == 1:
        n = next(iter(counts.values()))
        return f"n = {n} trials" if n != 1 else "n = 1 trial"
    return "n trials: " + ", ".join(f"{backend} {n}" for backend, n in counts.items())


def caution(table: pd.DataFrame) -> str:
    """What to doubt when there are few trials; empty from 10 on."""
    doubtful = table.groupby("backend", sort=False)["few"].all()
    few = {backend: n for backend, n in _counts(table).items() if n and doubtful[backend]}
    if not few:
        return ""
    numbers = sorted(set(few.values()))
    if numbers == [1]:
        return "n = 1: a single trial has no interval."
    if len(numbers) == 1:
        return f"n = {numbers[0]}, fewer than 10: intervals cover less than they say."
    who = ", ".join(f"{backend} {n}" for backend, n in few.items())
    return f"Fewer than 10 trials ({who}): intervals cover less than they say."


def engines(table: pd.DataFrame) -> str:
    """A sentence for each engine that is easily mistaken for another."""
    present = set(table["engine"])
    return " ".join(sentence for engine, sentence in ENGINES.items() if engine in present)


def require(table: pd.DataFrame) -> None:
    """Raises UsageError when there is nothing to draw."""
    if table.empty:
        raise UsageError(
            "there is nothing to draw: no trial of this run gave such data",
            resolution="look at the errors of its failed trials",
        )


def labels(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(backend, label) in the order of the table."""
    pairs = table[["backend", "engine"]].drop_duplicates()
    return [(str(b), label(b, e)) for b, e in zip(pairs["backend"], pairs["engine"], strict=True)]


def labels_with_few(table: pd.DataFrame) -> list[str]:
    """The label of each row, and below it how many trials there are where they are few."""
    return [
        label(row.backend, row.engine) + (f"\nfew trials: n = {row.n}" if row.few and row.n else "")
        for row in rows_of(table)
    ]


def note(table: pd.DataFrame, badge: str, *sentences: str) -> str:
    """The lines below a chart; the last one says where the numbers come from."""
    text = " ".join(part for part in (*sentences, caution(table), engines(table)) if part)
    return "\n".join(part for part in (text, badge) if part)


def _counts(table: pd.DataFrame) -> dict[str, int]:
    counts = table.groupby("backend", sort=False)["n"].max()
    return {str(backend): int(n) for backend, n in counts.items()}


def rows_of(table: pd.DataFrame) -> list[Any]:
    """The rows of a table, a column an attribute."""
    return list(table.itertuples())
