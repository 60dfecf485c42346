"""The exercises of 04-cpu."""

from __future__ import annotations

from typing import Any

from labkit import stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near
from labkit.course.recorded import recorded

HOURS = 24.0


def mildest(answer: Any) -> str:
    """At which workload does the emulated machine lose the least?"""
    run = recorded()
    table = stats.throughput(run.results, run.trials)
    mine = table[table["backend"] == "qemu"].set_index("workload")["median_ratio"]
    if answer not in mine.index:
        return "it is the name of one of the workloads of the run"
    if answer not in mine.dropna().index:
        return "this workload counts nothing, so it has no throughput"
    return "" if answer == mine.idxmax() else "at another workload it keeps more of the speed"


def day(answer: Any) -> str:
    """CPU hours that an idle emulated machine takes from the host in a day."""
    run = recorded()
    table = stats.idle_burn(run.samples, run.results, run.trials)
    mine = table[(table["backend"] == "qemu") & (table["role"] == "all")]
    rate = float(mine["median_host_cpu_s_per_s"].iloc[0])
    if near(answer, HOURS * rate, part=0.05):
        return ""
    if near(answer, HOURS * 3600 * rate, part=0.05):
        return "this is in seconds, and hours are asked for"
    if near(answer, rate, part=0.05):
        return "this is what it takes each second, and so in hours each hour"
    return direction(answer, HOURS * rate)


def clock(answer: Any) -> str:
    """The worst that an emulated guest's clock was off, in percent of the host's time."""
    run = recorded()
    rows = run.results[run.results["backend"] == "qemu"]
    off = 100 * (rows["guest_seconds"].astype(float) / rows["seconds"] - 1)
    truth = float(off.abs().max())
    if near(abs(float(answer)), truth, part=0.05):
        return ""
    if near(answer, truth / 100, part=0.05):
        return "in percent, please"
    if near(answer, float(off.max()), part=0.05):
        return "one that is slow is off as well: look at both sides"
    return direction(answer, truth)


EXERCISES = {
    "04-mildest": Exercise(
        mildest,
        (
            "look at the left panel, or at the column median_ratio of the rows of qemu",
            "1 would be no loss: it is the workload whose ratio is nearest to it",
        ),
    ),
    "04-day": Exercise(
        day,
        (
            "CPU seconds a second are also CPU hours an hour",
            "take the row of qemu with the role `all` from the table `burn`",
        ),
    ),
    "04-clock": Exercise(
        clock,
        (
            "the rows of qemu in recorded.results have guest_seconds and seconds",
            "divide them, take 1 away, make it percent, and take the largest without its sign",
        ),
    ),
}
