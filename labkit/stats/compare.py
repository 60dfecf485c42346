"""Two runs side by side: before and after a change, or on two computers."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import FEW, LoadedRun, backends, identified
from labkit.stats.quantities import KEYS, by_trial
from labkit.stats.ratios import ratios


def compare(first: LoadedRun, second: LoadedRun) -> pd.DataFrame:
    """One row a backend, quantity and workload that both runs have: backend, family, engine,
    quantity, workload, unit, n_first, n_second, median_first, median_second, n_ratio,
    median_ratio, low_ratio, high_ratio, delta, effect, few.

    The ratio is that of the medians, second to first; trials of two runs are no pairs, so both
    sides are resampled. A backend under another engine is another thing and left out. `few` is
    True where either side has fewer than 10 trials. Whether the runs may be compared at all, see
    labkit.sameness.
    """
    shared = backends(first.trials).merge(backends(second.trials), on=["backend", "engine"])
    one, two = (_of(by_trial(run), shared["backend"]) for run in (first, second))
    sides = _medians(one, "first").merge(_medians(two, "second"), on=KEYS)
    relative = ratios(two, one, "value", KEYS, match=KEYS)
    table = identified(sides.merge(relative, on=KEYS), second.trials)
    table["few"] = table["n_ratio"] < FEW
    return table


def _of(values: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    return values[values["backend"].isin(names)]


def _medians(values: pd.DataFrame, side: str) -> pd.DataFrame:
    groups = values.groupby(KEYS, sort=False)["value"]
    table = groups.agg(["count", "median"]).reset_index()
    return table.rename(columns={"count": f"n_{side}", "median": f"median_{side}"})
