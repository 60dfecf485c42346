"""What programs have reported of themselves, behind each boundary."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import Run, once
from labkit.experiments.benchmark.stats.frames import PAIR, baseline, identified, in_blocks
from labkit.guest.programs import ASKED
from labkit.measure.clients import CLIENTS
from labkit.recordings.words import OWN_KERNEL
from labkit.stats.ratios import ratios
from labkit.stats.spread import floats, spread

# How far a guest's clock may be off. Below this it may as well be the way of a line to the host.
CLOCK_OFF = 0.05
CLOCK_STEP_S = 0.01  # /proc/uptime has two decimals, proc(5)
BY = ["backend", "workload", "metric", "unit"]
# Program → its figures of TCP's own end on this computer. A forwarded port (docker-proxy, slirp,
# VirtualBox's NAT) is such an end: the way from there to the instance is not in them.
OF_THE_NEAR_END = {"iperf3": ("round_trip", "retransmits")}


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
    value. What a program has measured by a guest's clock that was off is not in it, nor what ends
    at a forwarder on this computer (at_forwarder)."""
    values = in_blocks(run.metrics, run.trials).assign(value=lambda rows: floats(rows["value"]))
    values = values.drop(at_forwarder(run, values).index)
    off = {(row.trial, row.workload) for row in by_wrong_clock(run).itertuples()}
    keys = zip(values["trial"], values["workload"], strict=True)
    right = pd.Series([key not in off for key in keys], values.index, dtype=bool)
    return values[right].reset_index(drop=True)


def at_forwarder(run: Run, values: pd.DataFrame) -> pd.DataFrame:
    """Of the rows of metrics those of OF_THE_NEAR_END, but for the host's own process: all others
    are reached through a forwarded port."""
    near = {
        (row.workload, metric)
        for row in run.reports.itertuples()
        for metric in OF_THE_NEAR_END.get(str(row.program), ())
    }
    pairs = zip(values["workload"], values["metric"], strict=True)
    named = pd.Series([pair in near for pair in pairs], values.index, dtype=bool)
    return values[named & (values["family"] != "baseline")]


@once
def by_wrong_clock(run: Run) -> pd.DataFrame:
    """trial, backend, workload, part: what ran inside a guest whose clock was off by this part of
    a second meanwhile (CLOCK_OFF). A program that asks from the host measures by the host's."""
    inside = run.reports[~run.reports["program"].isin(CLIENTS)]
    rows = in_blocks(run.results, run.trials).merge(inside[["trial", "workload"]])
    rows = rows[rows["family"].isin(OWN_KERNEL)]
    seconds = floats(rows["seconds"])
    off = floats(rows["guest_seconds"]) - seconds
    wrong = rows.assign(part=off / seconds)[off.abs() > CLOCK_OFF * seconds + CLOCK_STEP_S]
    return wrong[["trial", "backend", "workload", "part"]].reset_index(drop=True)


def _in_order(table: pd.DataFrame, run: Run) -> pd.DataFrame:
    """The plan's workloads one after another, and of each its metrics as they were reported."""
    asked = {name: place for place, name in enumerate([*run.manifest.plan.workloads, *ASKED])}
    told = dict.fromkeys(zip(run.metrics["workload"], run.metrics["metric"], strict=True))
    places = {key: (asked[key[0]], place) for place, key in enumerate(told)}
    keys = list(zip(table["workload"], table["metric"], strict=True))
    order = sorted(range(len(keys)), key=lambda row: places[keys[row]])
    return table.iloc[order].reset_index(drop=True)
