"""Published figures: data/published.csv, one row a figure, with what exactly was measured.

A figure without its definition is worth little: "boots in 125 ms" says nothing as long as it is
not known from what moment, and to what. So each row has the definition of its source in words and,
where they correspond, the lab's own two milestones; where they do not, `differs` says why, and the
figure is never drawn beside ours. data/README.md explains each column.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field, model_validator

from labkit.errors import StoreError
from labkit.record import Record
from labkit.recordings import tables
from labkit.recordings.words import MILESTONES, Engine, Family, StartKind
from labkit.system.paths import data_dir

# What the lab measures too; of the others, each row says why ours is another quantity.
COMPARABLE = ("startup", "cpu_throughput")
Quantity = Literal["startup", "cpu_throughput", "memory_overhead", "density"]
Unit = Literal["s", "ms", "GFLOPS", "MFLOPS", "ratio", "MiB", "MB"]


class Published(Record):
    """One figure of one source."""

    id: str = Field(pattern="^[a-z0-9-]+$")
    source: str = Field(min_length=1)
    authors: str = Field(min_length=1)
    year: int = Field(ge=1960, le=2100)
    title: str = Field(min_length=1)
    url: str = Field(pattern="^https?://")
    hardware: str | None
    subject: str = Field(min_length=1)
    backend: str | None
    family: Family
    engine: Engine | Literal["xen"]
    start: StartKind
    quantity: Quantity
    workload: str | None
    definition: str = Field(min_length=1)
    from_milestone: str | None
    to_milestone: str | None
    value: float = Field(gt=0)
    unit: Unit
    bound: Literal["=", "<=", ">"]
    statistic: Literal["median", "mean", "limit", "not stated"]
    samples: int | None = Field(ge=1)
    baseline: str | None
    page: str = Field(min_length=1)
    differs: str | None
    note: str | None

    @model_validator(mode="after")
    def _is_comparable_or_says_why_not(self) -> Published:
        moments = [name for name in (self.from_milestone, self.to_milestone) if name]
        if not _in_order(moments):
            raise ValueError("from_milestone and to_milestone are two milestones in their order")
        if (len(moments) == 2) != (self.quantity == "startup" and not self.differs):
            raise ValueError("a start time has either two milestones, or `differs`")
        if self.quantity not in COMPARABLE and not self.differs:
            raise ValueError(f"the lab does not measure {self.quantity}: `differs` must say why")
        if (self.workload is not None) != (self.quantity == "cpu_throughput"):
            raise ValueError("a workload stands with cpu_throughput, and only there")
        return self


def path() -> Path:
    """Where the figures lie."""
    return data_dir() / "published.csv"


def load(source: Path | None = None) -> pd.DataFrame:
    """The published figures, with the columns of `Published`. Raises StoreError when the file is
    missing or damaged."""
    source = source or path()
    try:
        figures = tables.frame(tables.parse(source.read_bytes(), Published), Published)
        _check_together(figures)
    except (OSError, ValueError, csv.Error) as error:
        raise StoreError(
            f"{source} is damaged or missing",
            details=str(error),
            resolution="mend the line that is named (data/README.md explains each column), or "
            "restore the file with git checkout",
        ) from error
    return figures


def _in_order(moments: list[str]) -> bool:
    places = [MILESTONES.index(name) for name in moments if name in MILESTONES]
    return len(places) == len(moments) and places == sorted(set(places))


def _check_together(figures: pd.DataFrame) -> None:
    """Each id is there once; a rate is divided by that of a bare process of the same source."""
    for place, row in enumerate(figures.itertuples(), 2):
        if row.id in set(figures["id"][: place - 2]):
            raise ValueError(f"line {place}, id: {row.id} is there already")
        if _needs_baseline(row) and not _is_baseline_of(row, figures):
            raise ValueError(f"line {place}, baseline: not a bare process of the same source")


def _needs_baseline(row: Any) -> bool:
    return bool(
        row.quantity == "cpu_throughput" and row.unit != "ratio" and row.family != "baseline"
    )


def _is_baseline_of(row: Any, figures: pd.DataFrame) -> bool:
    alike = figures[(figures["id"] == row.baseline) & (figures["family"] == "baseline")]
    for name in ("source", "workload", "unit"):
        alike = alike[alike[name] == getattr(row, name)]
    return not alike.empty
