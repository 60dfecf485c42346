"""Median, deviation and interval of groups of values."""

from __future__ import annotations

import numpy as np
import pandas as pd

from labkit.stats.bootstrap import interval

FEW = 10  # below this, an interval covers less than its 95 %


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
    values = known.to_numpy()
    return float(np.median(np.abs(values - np.median(values)))) if len(values) > 1 else None


def floats(column: pd.Series) -> pd.Series:
    """A column as floats; what is empty, in whichever way, becomes NaN."""
    return pd.to_numeric(column, errors="coerce").astype(float)
