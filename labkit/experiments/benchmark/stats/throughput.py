"""How much work an instance does, and how that compares with the bare process."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.stats.frames import (
    PAIR,
    baseline,
    identified,
    in_blocks,
    yardstick,
)
from labkit.stats.ratios import ratios
from labkit.stats.spread import floats, spread

BY = ["backend", "workload", "unit"]


def throughput(results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and workload: backend, family, engine, workload, unit, n,
    median_ops_per_s, mad_…, low_…, high_…, n_ratio, median_ratio, low_ratio, high_ratio, delta,
    effect, few, yardstick, reason.

    Operations a second, in units a second. The ratio is to the yardstick's trial in the same
    block, so that what disturbed the whole block cancels out; median and interval are over
    blocks. `delta` and `effect` are those of labkit.stats.ratios. Where there is no ratio,
    `reason` says why, otherwise it is empty.
    """
    values = speeds_by_trial(results, trials)
    speeds = spread(values, BY, "ops_per_s", "ops_per_s")
    relative = ratios(
        values, baseline(values, trials), "ops_per_s", BY, match=["workload"], pair=PAIR
    )
    table = identified(speeds.merge(relative, on=BY), trials)
    table["yardstick"] = yardstick(trials)
    alike = set(values.dropna(subset=[PAIR])["backend"])
    table["reason"] = [
        _reason(n, n_ratio, backend in alike)
        for n, n_ratio, backend in zip(table["n"], table["n_ratio"], table["backend"], strict=True)
    ]
    return table


def speeds_by_trial(results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The results of good trials, with block and family."""
    values = in_blocks(results, trials)
    return values.assign(unit=values["unit"].fillna(""), ops_per_s=floats(values["ops_per_s"]))


def _reason(n: int, n_ratio: int, alike: bool) -> str:
    if n_ratio:
        return ""
    if n and not alike:
        return "it was not held to the same limits"
    return "no block has a good trial of both" if n else "no operations counted"
