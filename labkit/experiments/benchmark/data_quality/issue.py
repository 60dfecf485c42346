"""One issue, and the words that several kinds of them share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import pandas as pd

from labkit import units

Kind = Literal[
    "limits",
    "disturbed",
    "priority",
    "busy",
    "steal",
    "clock",
    "slow first",
    "outlier",
    "drift",
    "order",
    "cold faster",
    "undecided",
]


@dataclass(frozen=True)
class QualityIssue:
    """A reason to look twice at a figure. Without a backend, it is about the whole run; `trials`
    are those that raise it, none where all of a backend's do together."""

    kind: Kind
    backend: str
    quantity: str
    workload: str
    trials: tuple[int, ...]
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Series:
    """What one backend gave of one quantity: rows of `stats.quantities.by_trial`."""

    backend: str
    quantity: str
    workload: str
    unit: str
    rows: pd.DataFrame

    @property
    def name(self) -> str:
        """What it is, such as "startup", "throughput (cpu)"."""
        return units.name(self.quantity, self.workload)

    @property
    def about(self) -> str:
        """Whose it is, such as "startup of docker"."""
        return f"{self.name} of {self.backend}"

    def amount(self, value: float) -> str:
        """A value with its unit, such as "372 ms", "114 MiB/s"."""
        per_second = f" {self.unit}/s" if self.quantity == "ops_per_s" else ""
        return units.amount(value, self.quantity) + per_second

    def issue(self, kind: Kind, sentence: str, trials: Iterable[int] = ()) -> QualityIssue:
        numbers = tuple(int(number) for number in trials)
        return QualityIssue(kind, self.backend, self.quantity, self.workload, numbers, sentence)


def series(values: pd.DataFrame) -> Iterator[Series]:
    """Each backend's quantities, in order of appearance."""
    keys = ["backend", "quantity", "workload", "unit"]
    for (backend, quantity, workload, unit), rows in values.groupby(keys, sort=False):
        yield Series(str(backend), str(quantity), str(workload), str(unit), rows)


def named(trials: Iterable[int]) -> str:
    """Numbers of trials, those that follow one another as a range: "trials 3, 5–8"."""
    numbers = sorted(set(trials))
    breaks = [place for place, (a, b) in enumerate(pairwise(numbers), 1) if b != a + 1]
    groups = [
        numbers[begin:end] for begin, end in zip([0, *breaks], [*breaks, len(numbers)], strict=True)
    ]
    parts = [_range(group) for group in groups]
    return ("trial " if len(numbers) == 1 else "trials ") + ", ".join(parts)


def clock_off(parts: Iterable[float]) -> str:
    """How far a guest's clock was off, as parts of a second, and which way: it may be both."""
    found = list(parts)
    words = [
        f"up to {abs(worst) * 100:.0f} % too {way}"
        for worst, way in ((max(found), "fast"), (min(found), "slow"))
        if (worst > 0) == (way == "fast")
    ]
    return " and ".join(words)


def _range(group: list[int]) -> str:
    if len(group) < 3:
        return ", ".join(map(str, group))
    return f"{group[0]}–{group[-1]}"
