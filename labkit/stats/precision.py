"""How well the ratios of a run are known so far: what tells a run that it may stop."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import floats, measured, spread
from labkit.stats.throughput import throughput


def precision(trials: pd.DataFrame, results: pd.DataFrame) -> float:
    """The widest interval of a ratio to the baseline, as a part of that ratio: of the startup,
    and of the throughput of each workload that counts. Infinite where one is not known yet, or
    nothing can be compared."""
    startup = spread(_startup_ratios(trials), ["backend"], "ratio", "ratio")
    speed = throughput(results, trials)
    speed = speed[(speed["unit"] != "") & (speed["family"] != "baseline")]
    columns = ["median_ratio", "low_ratio", "high_ratio"]
    ratios = pd.concat([startup[columns], speed[columns]])
    widths = (ratios["high_ratio"] - ratios["low_ratio"]) / ratios["median_ratio"]
    return float("inf") if widths.empty or widths.isna().any() else float(widths.max())


def _startup_ratios(trials: pd.DataFrame) -> pd.DataFrame:
    """backend, ratio: each start relative to the baseline's in the same block."""
    good = measured(trials)
    baseline = good[good["family"] == "baseline"].set_index("block")["startup_s"]
    others = good[good["family"] != "baseline"]
    divisor = others["block"].map(floats(baseline))
    return others[["backend"]].assign(ratio=floats(others["startup_s"]) / divisor)
