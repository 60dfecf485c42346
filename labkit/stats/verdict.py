"""What each metric of memory says of the same instances: whose need is smallest may change."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import baseline, in_blocks
from labkit.stats.memory import METRICS, SUBJECTS, memory, memory_by_trial
from labkit.stats.ratios import ratios

BY = ["backend", "metric"]


def verdict(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a metric and backend, in the order of METRICS: backend, family, engine, metric,
    role (whose figure it is), n, median_bytes, low_bytes, high_bytes, rank (1: the least memory
    by this metric), median_relative, low_relative, high_relative (to the bare process of the same
    block, where it has a figure above zero), services_bytes (what the instances share besides),
    few, reason.
    """
    table = memory(samples, trials)
    shared = table[table["role"] == "services"].set_index(BY)["median_bytes"]
    table = table[table["role"] == table["metric"].map(SUBJECTS)].drop(columns="peak_bytes")
    values = in_blocks(memory_by_trial(samples, trials), trials)
    values = values[values["role"] == values["metric"].map(SUBJECTS)]
    whole = baseline(values)
    whole = whole[whole["value_bytes"] > 0]
    relative = ratios(values, whole, "value_bytes", BY, match=["metric"], pair="block")
    relative = relative.rename(columns=lambda name: name.replace("_ratio", "_relative"))
    figures = [f"{figure}_relative" for figure in ("median", "low", "high")]
    table = table.merge(relative[[*BY, *figures]], on=BY, how="left")
    table["rank"] = table.groupby("metric")["median_bytes"].rank(method="min")
    table = table.merge(shared.rename("services_bytes").reset_index(), on=BY, how="left")
    order = {metric: place for place, metric in enumerate(METRICS)}
    return table.sort_values(
        "metric", key=lambda column: column.map(order), kind="stable", ignore_index=True
    )
