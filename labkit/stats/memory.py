"""How much memory an instance takes, by metric and by role. There is no one "memory": each metric
counts something else, and has a name of its own."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import FEW, floats, identified, of_good_trials, spread
from labkit.stats.roles import EACH, by_role, together

# Metric → the column of the samples that it comes from.
COLUMNS = {
    "rss": "rss_bytes",
    "pss": "pss_bytes",
    "uss": "uss_bytes",
    "cgroup": "cgroup_bytes",
    "cgroup_peak": "cgroup_peak_bytes",
    "guest": "guest_used_bytes",
}
METRICS = (*COLUMNS, "host_delta")
# The role whose figure stands for an instance. Control groups and guests are the instance's alone;
# what the whole computer has lost cannot be divided among roles.
SUBJECTS = dict.fromkeys(("rss", "pss", "uss"), "each") | {
    "cgroup": "instance",
    "cgroup_peak": "instance",
    "guest": "instance",
    "host_delta": "host",
}
GUESTS = ("hypervisor", "host-virtualization")


def memory(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, metric and role: backend, family, engine, metric, role, n,
    median_bytes, mad_bytes, low_bytes, high_bytes, peak_bytes, few, reason (why there is no
    figure).

    A trial's value is the median of its readings from `ready` to `stop_requested`; the figures
    are over trials. Besides instance, helper and services there is the role `each`: instance +
    helper. `peak_bytes` is the highest reading of any trial; where a role has several meters, the
    sum of their highest readings.

    `cgroup_peak` is what the kernel has kept as the highest, its last reading. `host_delta`, of
    the role `host`, is what the whole computer had available before the request, less the median
    of what it had while the instance was ready: whatever else came or went meanwhile is in it, so
    it is noisy, and may be below zero.
    """
    values = memory_by_trial(samples, trials)
    by = ["backend", "metric", "role"]
    figures = spread(values, by, "value_bytes", "bytes")
    peaks = values.groupby(by, as_index=False)["peak_bytes"].max()
    table = identified(figures.merge(peaks, on=by), trials)
    table["few"] = table["n"] < FEW
    table["reason"] = [
        "" if n else reason(metric, family, role)
        for n, metric, family, role in zip(
            table["n"], table["metric"], table["family"], table["role"], strict=True
        )
    ]
    return table


def memory_by_trial(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a trial, metric and role: backend, trial, role, metric, value_bytes, peak_bytes."""
    counted = of_good_trials(samples, trials)
    names = {column: metric for metric, column in COLUMNS.items()}
    keys = ["backend", "trial", "role", "meter"]
    long = (
        while_ready(counted)[[*keys, *names]]
        .rename(columns=names)
        .melt(id_vars=keys, var_name="metric", value_name="bytes")
    )
    long["bytes"] = floats(long["bytes"])
    groups = long.groupby([*keys, "metric"], sort=False)["bytes"]
    meters = groups.agg(value_bytes="median", peak_bytes="max").reset_index()
    kept = meters["metric"] == "cgroup_peak"
    meters["value_bytes"] = meters["value_bytes"].mask(kept, meters["peak_bytes"])
    values = ["value_bytes", "peak_bytes"]
    table = together(by_role(meters, ["metric"], values), EACH, "each", ["metric"], values)
    return pd.concat([table, _host_delta(counted)[table.columns]], ignore_index=True)


def reason(metric: str, family: str, role: str) -> str:
    """Why there is no figure."""
    if metric == "guest":
        if family not in GUESTS:
            return "it has no kernel of its own: the memory that it sees is the host's"
        return "only what runs inside sees the guest's memory" if role != "instance" else "not told"
    if metric in ("cgroup", "cgroup_peak"):
        if family != "container" or role != "instance":
            return "it is not put into a control group of its own"
        return "it has no control group of its own, or the kernel does not keep this"
    return "not permitted, or not there"


def while_ready(samples: pd.DataFrame) -> pd.DataFrame:
    """The readings of each trial from `ready` to `stop_requested`, both included."""
    at = floats(samples["at_s"])
    trial = samples["trial"]
    ready = at.where(samples["moment"] == "ready").groupby(trial).transform("min")
    stop = at.where(samples["moment"] == "stop_requested").groupby(trial).transform("max")
    # A comparison with NaN is False: a trial that was never ready has no readings here.
    return samples[(at >= ready) & (at <= stop.fillna(float("inf")))]


def _host_delta(samples: pd.DataFrame) -> pd.DataFrame:
    """What the computer has lost since just before the request, for each trial."""
    whole = samples[samples["role"] == "host"]
    whole = whole.assign(available=floats(whole["host_available_bytes"]))
    keys = ["backend", "trial", "role"]
    before = whole[whole["moment"] == "requested"].groupby(keys, sort=False)["available"].first()
    ready = while_ready(whole).groupby(keys, sort=False)["available"]
    table = pd.DataFrame(
        {"value_bytes": before - ready.median(), "peak_bytes": before - ready.min()}
    )
    return table.reset_index().assign(metric="host_delta")
