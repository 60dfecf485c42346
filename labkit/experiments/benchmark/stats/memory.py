"""How much memory an instance takes, by metric and by role. There is no one "memory": each metric
counts something else, and has a name of its own."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.stats.frames import (
    PAIR,
    baseline,
    identified,
    in_blocks,
    of_good_trials,
)
from labkit.experiments.benchmark.stats.roles import EACH, by_role, together
from labkit.recordings.words import OWN_KERNEL
from labkit.stats.ratios import ratios
from labkit.stats.spread import floats, spread

# Read only where nothing else may be: in other runs there is no word of it.
DAEMON = "daemon"
# Metric → the column of the samples that it comes from.
COLUMNS = {
    "rss": "rss_bytes",
    "pss": "pss_bytes",
    "uss": "uss_bytes",
    "cgroup": "cgroup_bytes",
    "cgroup_peak": "cgroup_peak_bytes",
    "guest": "guest_used_bytes",
    DAEMON: "daemon_bytes",
}
METRICS = (*(name for name in COLUMNS if name != DAEMON), "host_delta")
# The role whose figure stands for an instance. Control groups and guests are the instance's alone;
# what the whole computer has lost cannot be divided among roles.
SUBJECTS = dict.fromkeys(("rss", "pss", "uss"), "each") | {
    "cgroup": "instance",
    "cgroup_peak": "instance",
    "guest": "instance",
    DAEMON: "instance",
    "host_delta": "host",
}
# The families some of whose instances have a control group of their own.
GROUPED = ("container", "user-space-kernel")
BY = ["backend", "metric"]


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
    return memory_of(memory_by_trial(samples, trials), trials)


def memory_of(values: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """memory() from the table of memory_by_trial()."""
    by = [*BY, "role"]
    figures = spread(values, by, "value_bytes", "bytes")
    peaks = values.groupby(by, as_index=False)["peak_bytes"].max()
    table = identified(figures.merge(peaks, on=by), trials)
    table["reason"] = [
        "" if n else reason(metric, family, role)
        for n, metric, family, role in zip(
            table["n"], table["metric"], table["family"], table["role"], strict=True
        )
    ]
    return table


def memory_by_trial(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a trial, metric and role: backend, trial, role, metric, value_bytes, peak_bytes."""
    keys = ["backend", "trial", "role", "meter"]
    needed = [*keys, "at_s", "moment", "host_available_bytes", *COLUMNS.values()]
    counted = of_good_trials(samples[needed], trials)
    names = {column: metric for metric, column in COLUMNS.items()}
    if counted[COLUMNS[DAEMON]].isna().all():
        del names[COLUMNS[DAEMON]]
    meters = _by_meter(while_ready(counted).rename(columns=names), keys, list(names.values()))
    kept = meters["metric"] == "cgroup_peak"
    meters["value_bytes"] = meters["value_bytes"].mask(kept, meters["peak_bytes"])
    values = ["value_bytes", "peak_bytes"]
    table = together(by_role(meters, ["metric"], values), EACH, "each", ["metric"], values)
    return pd.concat([table, _host_delta(counted)[table.columns]], ignore_index=True)


def _by_meter(read: pd.DataFrame, keys: list[str], metrics: list[str]) -> pd.DataFrame:
    """One row a trial, meter and metric: keys, metric, value_bytes (median), peak_bytes."""
    groups = read[keys].groupby(keys, sort=False)
    number = groups.ngroup()  # once for all metrics
    table = read.loc[~number.duplicated(), keys].reset_index(drop=True)
    tables = []
    for metric in metrics:
        known = floats(read[metric]).dropna()
        readings = known.groupby(number[known.index])
        figures = pd.DataFrame({"value_bytes": readings.median(), "peak_bytes": readings.max()})
        tables.append(table.assign(metric=metric).join(figures))
    return pd.concat(tables, ignore_index=True)


def reason(metric: str, family: str, role: str) -> str:
    """Why there is no figure."""
    if metric == "guest":
        if family not in OWN_KERNEL:
            return "it has no kernel of its own: the memory that it sees is the host's"
        return "only what runs inside sees the guest's memory" if role != "instance" else "not told"
    if metric == DAEMON:
        return "what can be read of its processes is not asked of a daemon"
    if metric in ("cgroup", "cgroup_peak"):
        if family not in GROUPED or role != "instance":
            return "it is not put into a control group of its own"
        return "it has no control group of its own, or the kernel does not keep this"
    return "not permitted, or not there"


def while_ready(samples: pd.DataFrame) -> pd.DataFrame:
    """The readings of each trial from `ready` to `stop_requested`, both included."""
    at, trial = floats(samples["at_s"]), samples["trial"]
    named = samples[["trial", "moment"]].assign(at=at)[samples["moment"].notna()]
    ready = named[named["moment"] == "ready"].groupby("trial")["at"].min()
    stop = named[named["moment"] == "stop_requested"].groupby("trial")["at"].max()
    # A comparison with NaN is False: a trial that was never ready has no readings here.
    return samples[(at >= trial.map(ready)) & (at <= trial.map(stop).fillna(float("inf")))]


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


def verdict(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a metric and backend, in the order of METRICS: backend, family, engine, metric,
    role (whose figure it is), n, median_bytes, low_bytes, high_bytes, rank (1: the least memory
    by this metric), median_relative, low_relative, high_relative (to the yardstick of the same
    block, where it has a figure above zero), services_bytes (what the instances share besides),
    few, reason.
    """
    return verdict_of(memory_by_trial(samples, trials), trials)


def verdict_of(values: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """verdict() from the table of memory_by_trial()."""
    table = memory_of(values, trials)
    shared = table[table["role"] == "services"].set_index(BY)["median_bytes"]
    table = table[table["role"] == table["metric"].map(SUBJECTS)].drop(columns="peak_bytes")
    values = in_blocks(values, trials)
    values = values[values["role"] == values["metric"].map(SUBJECTS)]
    whole = baseline(values, trials)
    whole = whole[whole["value_bytes"] > 0]
    relative = ratios(values, whole, "value_bytes", BY, match=["metric"], pair=PAIR)
    relative = relative.rename(columns=lambda name: name.replace("_ratio", "_relative"))
    figures = [f"{figure}_relative" for figure in ("median", "low", "high")]
    table = table.merge(relative[[*BY, *figures]], on=BY, how="left")
    table["rank"] = table.groupby("metric")["median_bytes"].rank(method="min")
    table = table.merge(shared.rename("services_bytes").reset_index(), on=BY, how="left")
    order = {metric: place for place, metric in enumerate(METRICS)}
    return table.sort_values(
        "metric", key=lambda column: column.map(order), kind="stable", ignore_index=True
    )
