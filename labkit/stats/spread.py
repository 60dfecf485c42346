"""Median, deviation and interval of groups of values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
    numbers = floats(table[column]).to_numpy()
    rows = []
    for keys, mine in places(table, by).items():
        known = numbers[mine]
        known = known[~np.isnan(known)]
        median, low, high = interval(known)
        rows.append((*keys, len(known), median, mad(known), low, high))
    result = pd.DataFrame(rows, columns=[*by, "n", *figures])
    return result.astype(dict.fromkeys(figures, float))


def mad(values: np.ndarray) -> float | None:
    """The median absolute deviation from the median, unscaled; None below two values."""
    return float(np.median(np.abs(values - np.median(values)))) if len(values) > 1 else None


def floats(column: pd.Series) -> pd.Series:
    """A column as floats; what is empty, in whichever way, becomes NaN."""
    return pd.to_numeric(column, errors="coerce").astype(float)


def places(table: pd.DataFrame, by: Sequence[str]) -> dict[tuple[Any, ...], np.ndarray]:
    """Keys → the places of the rows that have them, in order of appearance; rows that lack one
    are left out."""
    number, whole = np.zeros(len(table), dtype=np.int64), np.ones(len(table), dtype=bool)
    for name in by:
        codes, words = pd.factorize(table[name])
        whole &= codes >= 0
        number, _ = pd.factorize(number * (len(words) + 1) + codes)  # no larger than the rows
    order = np.flatnonzero(whole)
    order = order[np.argsort(number[order], kind="stable")]
    begins = np.flatnonzero(np.diff(number[order])) + 1
    groups = sorted(np.split(order, begins), key=lambda rows: rows[0]) if len(order) else []
    first = table.iloc[[rows[0] for rows in groups]]
    keys = zip(*(first[name].tolist() for name in by), strict=True) if by else [()] * len(groups)
    return dict(zip(keys, groups, strict=True))
