"""How much memory an instance takes, by metric and by role."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import FEW, floats, identified, of_good_trials, spread
from labkit.stats.roles import EACH, by_role, together

METRICS = ("rss", "pss", "uss", "cgroup")


def memory(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, metric and role: backend, family, engine, metric, role, n,
    median_bytes, low_bytes, high_bytes, peak_bytes, few.

    A trial's value is the median of its readings from `ready` to `stop_requested`; the figures
    are over trials. Besides instance, helper and services there is the role `each`: instance +
    helper. `peak_bytes` is the highest reading of any trial; where a role has several meters, the
    sum of their highest readings.
    """
    values = memory_by_trial(samples, trials)
    by = ["backend", "metric", "role"]
    figures = spread(values, by, "value_bytes", "bytes")
    peaks = values.groupby(by, as_index=False)["peak_bytes"].max()
    table = identified(figures.merge(peaks, on=by), trials)
    table["few"] = table["n"] < FEW
    return table


def memory_by_trial(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a trial, metric and role: backend, trial, role, metric, value_bytes, peak_bytes."""
    readings = _while_ready(of_good_trials(samples, trials))
    names = {f"{metric}_bytes": metric for metric in METRICS}
    keys = ["backend", "trial", "role", "meter"]
    long = (
        readings[[*keys, *names]]
        .rename(columns=names)
        .melt(id_vars=keys, var_name="metric", value_name="bytes")
    )
    long["bytes"] = floats(long["bytes"])
    groups = long.groupby([*keys, "metric"], sort=False)["bytes"]
    meters = groups.agg(value_bytes="median", peak_bytes="max").reset_index()
    values = ["value_bytes", "peak_bytes"]
    return together(by_role(meters, ["metric"], values), EACH, "each", ["metric"], values)


def _while_ready(samples: pd.DataFrame) -> pd.DataFrame:
    """The readings of each trial from `ready` to `stop_requested`, both included."""
    at = floats(samples["at_s"])
    trial = samples["trial"]
    ready = at.where(samples["moment"] == "ready").groupby(trial).transform("min")
    stop = at.where(samples["moment"] == "stop_requested").groupby(trial).transform("max")
    # A comparison with NaN is False: a trial that was never ready has no readings here.
    return samples[(at >= ready) & (at <= stop.fillna(float("inf")))]
