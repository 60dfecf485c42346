"""What each statistic starts from: the tables of a run, its backends, the trials that count."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from labkit.errors import UsageError
from labkit.records import Manifest
from labkit.stats.bootstrap import interval

FEW = 10  # below this, an interval covers less than its 95 %
FAMILIES = ("baseline", "container", "hypervisor", "host-virtualization")
IDENTITY = ["backend", "family", "engine"]


class LoadedRun(Protocol):
    """A run in memory. Each frame has exactly the columns of its record class."""

    @property
    def manifest(self) -> Manifest: ...
    @property
    def trials(self) -> pd.DataFrame: ...
    @property
    def milestones(self) -> pd.DataFrame: ...
    @property
    def results(self) -> pd.DataFrame: ...
    @property
    def samples(self) -> pd.DataFrame: ...
    @property
    def requests(self) -> pd.DataFrame: ...


def backends(trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend: backend, family, engine, n, n_failed. A warm-up counts where it failed.

    Ordered by family, then by first appearance. Raises UsageError when a backend has more than
    one engine: an emulated machine must not share a figure with a hardware-virtualized one.
    """
    rows = []
    for backend, group in trials.groupby("backend", sort=False):
        engines = list(group["engine"].unique())
        if len(engines) > 1:
            raise UsageError(
                f"the backend {backend} has several engines in these trials: {', '.join(engines)}",
                resolution="compare one run at a time, or give the backends different names",
            )
        good, failed = len(measured(group)), int((group["status"] == "failed").sum())
        rows.append((backend, group["family"].iloc[0], engines[0], good, failed))
    rows.sort(key=lambda row: FAMILIES.index(row[1]))  # stable: keeps first appearance
    return pd.DataFrame(rows, columns=[*IDENTITY, "n", "n_failed"])


def failures(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that failed: trial, block, backend, engine, error."""
    failed = trials[trials["status"] == "failed"]
    return failed[["trial", "block", "backend", "engine", "error"]].reset_index(drop=True)


def of_good_trials(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that belong to measured trials that did not fail."""
    return table.merge(measured(trials)[["trial", "backend"]], on=["trial", "backend"])


def measured(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that enter figures: no warm-ups, none that failed."""
    return trials[(trials["stage"] == "measured") & (trials["status"] == "ok")]


def identified(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """A table by backend, led by backend, family and engine, in the order of `backends`."""
    order = backends(trials)[IDENTITY]
    rank = {backend: place for place, backend in enumerate(order["backend"])}
    merged = order.merge(table, on="backend")
    return merged.sort_values(
        "backend", key=lambda column: column.map(rank), kind="stable", ignore_index=True
    )


def spread(table: pd.DataFrame, by: list[str], column: str, suffix: str) -> pd.DataFrame:
    """n, median_…, low_…, high_… of a column for each group, groups in order of appearance."""
    figures = [f"median_{suffix}", f"low_{suffix}", f"high_{suffix}"]
    rows = []
    for keys, group in table.groupby(by, sort=False):
        known = floats(group[column]).dropna()
        rows.append((*keys, len(known), *interval(known)))
    result = pd.DataFrame(rows, columns=[*by, "n", *figures])
    return result.astype(dict.fromkeys(figures, float))


def floats(column: pd.Series) -> pd.Series:
    """A column as floats; what is empty, in whichever way, becomes NaN."""
    return pd.to_numeric(column, errors="coerce").astype(float)
