"""What each statistic starts from: the tables of a run, its backends, the trials that count."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from labkit.errors import UsageError
from labkit.records import Ending, Manifest
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
    @property
    def instances(self) -> pd.DataFrame: ...
    @property
    def ending(self) -> Ending | None: ...


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


def in_blocks(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Like of_good_trials, with `block` and `family` of each row's trial."""
    places = measured(trials)[["trial", "backend", "block", "family"]]
    return table.merge(places, on=["trial", "backend"])


def baseline(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the bare process."""
    return table[table["family"] == "baseline"]


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
    """n, median_…, mad_…, low_…, high_… of a column for each group, groups in order of appearance.

    mad is the median absolute deviation, as it is: not scaled to a standard deviation. A single
    value has none.
    """
    figures = [f"{figure}_{suffix}" for figure in ("median", "mad", "low", "high")]
    rows = []
    for keys, group in table.groupby(by, sort=False):
        known = floats(group[column]).dropna()
        median, low, high = interval(known)
        rows.append((*keys, len(known), median, mad(known), low, high))
    result = pd.DataFrame(rows, columns=[*by, "n", *figures])
    return result.astype(dict.fromkeys(figures, float))


def mad(known: pd.Series) -> float | None:
    """The median absolute deviation from the median, unscaled; None below two values."""
    from scipy.stats import median_abs_deviation  # imported here: it takes seconds

    return float(median_abs_deviation(known)) if len(known) > 1 else None


def floats(column: pd.Series) -> pd.Series:
    """A column as floats; what is empty, in whichever way, becomes NaN."""
    return pd.to_numeric(column, errors="coerce").astype(float)
