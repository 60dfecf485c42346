"""Do the steps of `layers` add up to the whole?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from labkit.stats.layers import CHAIN, QUANTITIES, by_block

RESAMPLES = 5000
SEED = 20150814
Middle = Callable[..., Any]
COLUMNS = ["quantity", "n", "steps", "whole", "gap", "low", "high", "mean_gap"]


def adding_up(
    trials: pd.DataFrame, samples: pd.DataFrame, chain: Iterable[str] = CHAIN
) -> pd.DataFrame:
    """One row a quantity: quantity, n, steps, whole, gap, low, high, mean_gap; of the blocks in
    which every backend of the chain has a value.

    steps is the sum of the medians of `layers`, whole the median of the last backend itself, gap
    the difference with its 95 % interval: the percentiles of resampled blocks (Efron and
    Tibshirani 1993, An Introduction to the Bootstrap, chapter 13). An interval that holds 0: the
    steps add up to the whole as far as these blocks can tell. mean_gap is the same of means, which
    must add up: what is left of it is the rounding of numbers.
    """
    wide = by_block(trials, samples)
    rows = []
    for quantity in QUANTITIES:
        names = [name for name in chain if name in wide]
        known = wide[wide.index.get_level_values("quantity") == quantity]
        values = known.reindex(columns=names).dropna().to_numpy()
        if names and len(values):
            rows.append((quantity, *_figures(values)))
    return pd.DataFrame(rows, columns=COLUMNS)


def _figures(values: np.ndarray) -> tuple[float, ...]:
    """values: a row a block, a column a backend, from the innermost outwards."""
    picks = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    gaps = _whole(values[picks]) - _steps(values[picks])
    low, high = np.percentile(gaps, [2.5, 97.5]) if len(values) > 1 else (np.nan, np.nan)
    steps, whole = float(_steps(values)), float(_whole(values))
    mean_gap = _whole(values, np.mean) - _steps(values, np.mean)
    return len(values), steps, whole, whole - steps, float(low), float(high), float(mean_gap)


def _steps(values: np.ndarray, middle: Middle = np.median) -> Any:
    """The middles of the first column and of all differences between neighbours, added up."""
    return middle(np.diff(values, axis=-1, prepend=0.0), axis=-2).sum(axis=-1)


def _whole(values: np.ndarray, middle: Middle = np.median) -> Any:
    return middle(values[..., -1], axis=-1)
