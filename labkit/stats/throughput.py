"""How much work an instance does, and how that compares with the bare process."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import FEW, backends, floats, identified, of_good_trials, spread

BY = ["backend", "workload", "unit"]


def throughput(results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and workload: backend, family, engine, workload, unit, n,
    median_ops_per_s, low_…, high_…, n_ratio, median_ratio, low_ratio, high_ratio, reason, few.

    Operations a second, in units a second. The ratio is to the baseline's trial in the same
    block, so that what disturbed the whole block cancels out; median and interval are over
    blocks. Where there is no ratio, `reason` says why, otherwise it is empty.
    """
    values = _with_ratio(results, trials)
    speeds = spread(values, BY, "ops_per_s", "ops_per_s")
    ratios = spread(values, BY, "ratio", "ratio").rename(columns={"n": "n_ratio"})
    table = identified(speeds.merge(ratios, on=BY), trials)
    has_baseline = bool((backends(trials)["family"] == "baseline").any())
    table["reason"] = [
        _reason(n, n_ratio, has_baseline)
        for n, n_ratio in zip(table["n"], table["n_ratio"], strict=True)
    ]
    table["few"] = table["n"] < FEW
    return table


def _with_ratio(results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The results of good trials with `ratio`: ops_per_s relative to the block's baseline."""
    values = of_good_trials(results, trials).merge(
        trials[["trial", "backend", "block", "family"]], on=["trial", "backend"]
    )
    values["unit"] = values["unit"].fillna("")
    values["ops_per_s"] = floats(values["ops_per_s"])
    keys = ["block", "workload"]
    # A resumed run may hold a block's baseline twice: the later one is the complete one.
    baseline = values[values["family"] == "baseline"].drop_duplicates(keys, keep="last")
    paired = values.merge(
        baseline[[*keys, "ops_per_s"]], on=keys, how="left", suffixes=("", "_baseline")
    )
    paired["ratio"] = paired["ops_per_s"] / paired["ops_per_s_baseline"].where(lambda x: x > 0)
    return paired


def _reason(n: int, n_ratio: int, has_baseline: bool) -> str:
    if n_ratio:
        return ""
    if not n:
        return "no operations counted"
    if not has_baseline:
        return "no baseline backend in this run"
    return "no block with a good trial of the baseline"
