"""What programs have reported of themselves, behind each boundary."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import Run, once
from labkit.experiments.benchmark.stats.frames import PAIR, baseline, identified, in_blocks
from labkit.stats.ratios import ratios
from labkit.stats.spread import floats, spread

BY = ["backend", "workload", "metric", "unit"]


@once
def programs(run: Run) -> pd.DataFrame:
    """One row a backend, workload and metric, workloads in the plan's order: backend, family,
    engine, workload, metric, unit, n, median, mad, low, high, min, max, mean, std, n_ratio,
    median_ratio, low_ratio, high_ratio, delta, effect, few.

    Values in the metric's unit. std: of a sample (n - 1); a single value has none. The ratio is to
    the yardstick's trial in the same block; of a time (unit us), less is better.
    """
    values = by_trial(run)
    medians = spread(values, BY, "value", "value")
    medians = medians.rename(columns=lambda name: name.removesuffix("_value"))
    groups = values.groupby(BY, sort=False)["value"]
    plain = groups.agg(["min", "max", "mean", "std"]).reset_index().astype({"std": float})
    relative = ratios(
        values, baseline(values, run.trials), "value", BY, match=["workload", "metric"], pair=PAIR
    )
    table = medians.merge(plain, on=BY).merge(relative, on=BY)
    return identified(_in_order(table, run), run.trials)


@once
def by_trial(run: Run) -> pd.DataFrame:
    """The metrics of good trials: trial, block, pair, family, backend, workload, metric, unit,
    value."""
    return in_blocks(run.metrics, run.trials).assign(value=lambda rows: floats(rows["value"]))


def _in_order(table: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The plan's workloads one after another, and of each its metrics as they were reported."""
    asked = {name: place for place, name in enumerate(run.manifest.plan.workloads)}
    told = dict.fromkeys(zip(run.metrics["workload"], run.metrics["metric"], strict=True))
    places = {key: (asked[key[0]], place) for place, key in enumerate(told)}
    keys = list(zip(table["workload"], table["metric"], strict=True))
    order = sorted(range(len(keys)), key=lambda row: places[keys[row]])
    return table.iloc[order].reset_index(drop=True)
