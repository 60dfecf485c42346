"""The proof of the meters: memory that was held inside on purpose, as each of them saw it."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.stats.frames import identified, of_good_trials
from labkit.experiments.benchmark.stats.memory import COLUMNS, METRICS, reason
from labkit.guest.workload import parse_task
from labkit.measure.plan import Plan
from labkit.recordings.words import OWN_KERNEL
from labkit.stats.spread import floats, spread
from labkit.units import MIB

WORKLOAD = "ballast"


def held_bytes(plan: Plan) -> int | None:
    """How much a run's workload `ballast` holds; None when it has none, or names no size."""
    for text in plan.workloads:
        if text.partition(":")[0] == WORKLOAD:  # others may be unknown here
            size = dict(parse_task(text).settings).get("mib")
            return None if size is None else int(size) * MIB
    return None


def ballast(samples: pd.DataFrame, trials: pd.DataFrame, held: int) -> pd.DataFrame:
    """One row a backend and metric: backend, family, engine, metric, n, median_bytes, low_bytes,
    high_bytes (how much more the instance's meter showed while `held` bytes were held inside than
    before), few, held_bytes, share (of what was held, by the median), reason (why it is empty).

    Before: the meter's last named reading ahead of the workload, so that of an `idle` that comes
    first. Meanwhile: the median from its beginning on, before its end.
    `host_delta` is the fall of what the whole computer has available, and as noisy as that.

    A virtual machine's memory grows when the guest touches a page for the first time: what it had
    used and freed before is used again, and does not show. One whose memory is resident from its
    start (VirtualBox, restored from a snapshot) does not grow at all: only its own view, `guest`,
    tells what is in use.
    """
    rises = pd.concat([_rises(of_good_trials(samples, trials), metric) for metric in METRICS])
    figures = spread(rises, ["backend", "metric"], "rise", "bytes")
    table = identified(figures, trials)
    table["held_bytes"] = held
    table["share"] = table["median_bytes"] / held
    pairs = zip(table["n"], table["metric"], table["family"], strict=True)
    table["reason"] = [
        "" if n else reason(metric, family, "instance") for n, metric, family in pairs
    ]
    return table


def expected(metric: str, family: str) -> bool:
    """Whether there must be a figure of this metric. Elsewhere it must be empty."""
    if metric == "guest":
        return family in OWN_KERNEL
    return family == "container" if metric in ("cgroup", "cgroup_peak") else True


def _rises(samples: pd.DataFrame, metric: str) -> pd.DataFrame:
    """backend, trial, metric, rise: one row for each trial in which a ballast was held."""
    role = "host" if metric == "host_delta" else "instance"
    column, sign = ("host_available_bytes", -1) if role == "host" else (COLUMNS[metric], 1)
    read = samples[samples["role"] == role]
    read = read.assign(value=floats(read[column])).sort_values("at_s", kind="stable")
    keys = ["backend", "trial", "meter"]
    for edge in ("begin", "end"):
        at = read[read["moment"] == f"{edge} {WORKLOAD}"].groupby(keys)["at_s"].min()
        read = read.merge(at.rename(edge).reset_index(), on=keys, how="left")
    named = read["moment"].notna() & (read["at_s"] < read["begin"])
    held = (read["at_s"] >= read["begin"]) & (read["at_s"] < read["end"])
    # Several meters of a role: each by itself, then their sum; one that never reads is skipped.
    before = read[named].groupby(keys)["value"].last()
    during = read[held].groupby(keys)["value"].median()
    rise = (sign * (during - before)).groupby(keys[:2]).sum(min_count=1)
    return rise.rename("rise").reset_index().assign(metric=metric)
