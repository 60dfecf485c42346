"""How much work an instance does, and how that compares with the bare process."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import FEW, backends, baseline, floats, identified, in_blocks, spread
from labkit.stats.ratios import ratios

BY = ["backend", "workload", "unit"]


def throughput(results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and workload: backend, family, engine, workload, unit, n,
    median_ops_per_s, mad_…, low_…, high_…, n_ratio, median_ratio, low_ratio, high_ratio, delta,
    effect, reason, few.

    Operations a second, in units a second. The ratio is to the baseline's trial in the same
    block, so that what disturbed the whole block cancels out; median and interval are over
    blocks. `delta` and `effect` are those of labkit.stats.ratios. Where there is no ratio,
    `reason` says why, otherwise it is empty.
    """
    values = speeds_by_trial(results, trials)
    speeds = spread(values, BY, "ops_per_s", "ops_per_s")
    relative = ratios(values, baseline(values), "ops_per_s", BY, match=["workload"], pair="block")
    table = identified(speeds.merge(relative, on=BY), trials)
    has_baseline = bool((backends(trials)["family"] == "baseline").any())
    table["reason"] = [
        _reason(n, n_ratio, has_baseline)
        for n, n_ratio in zip(table["n"], table["n_ratio"], strict=True)
    ]
    table["few"] = table["n"] < FEW
    return table


def speeds_by_trial(results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The results of good trials, with block and family."""
    values = in_blocks(results, trials)
    return values.assign(unit=values["unit"].fillna(""), ops_per_s=floats(values["ops_per_s"]))


def _reason(n: int, n_ratio: int, has_baseline: bool) -> str:
    if n_ratio:
        return ""
    if not n:
        return "no operations counted"
    if not has_baseline:
        return "no baseline backend in this run"
    return "no block with a good trial of the baseline"
