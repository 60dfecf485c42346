"""The exercises of 04-cpu."""

from __future__ import annotations

from typing import Any

from labkit.course.exercise import exercise, largest, near, number, recorded
from labkit.experiments.benchmark import stats

HOURS = 24.0


@exercise(
    "04-mildest",
    "look at the left panel, or at the column median_ratio of the rows of qemu",
    "1 would be no loss: it is the workload whose ratio is nearest to it",
)
def mildest(answer: Any) -> str:
    """At which workload does the emulated machine lose the least?"""
    run = recorded()
    table = stats.throughput(run.results, run.trials)
    ratios = table[table["backend"] == "qemu"].set_index("workload")["median_ratio"]
    if answer in ratios[ratios.isna()].index:
        return "this workload counts nothing, so it has no throughput"
    unknown = "it is the name of one of the workloads of the run"
    return largest(answer, ratios, unknown, "at another workload it keeps more of the speed")


@exercise(
    "04-day",
    "CPU seconds a second are also CPU hours an hour",
    "take the row of qemu with the role `all` from the table `burn`; that is one machine",
    given=(20, 5, 8, 12, 30, 50),
)
def day(answer: Any, machines: int) -> str:
    """At the rate of this run's idle second (the table `burn`), how many CPU hours would {given}
    machines `qemu` take from the host in a day?"""
    run = recorded()
    table = stats.idle_burn(run.samples, run.results, run.trials)
    rows = table[(table["backend"] == "qemu") & (table["role"] == "all")]
    rate = machines * float(rows["median_host_cpu_s_per_s"].iloc[0])
    return number(
        answer,
        HOURS * rate,
        (HOURS * 3600 * rate, "this is in seconds, and hours are asked for"),
        (rate, "this is what they take each second, and so in hours each hour"),
        (HOURS * rate / machines, "this is for one machine"),
        part=0.05,
    )


@exercise(
    "04-clock",
    "the rows of qemu in recorded.results have guest_seconds and seconds",
    "divide them, take 1 away, make it percent, and take the largest without its sign",
)
def clock(answer: Any) -> str:
    """The worst that an emulated guest's clock was off, in percent of the host's time."""
    run = recorded()
    rows = run.results[run.results["backend"] == "qemu"]
    off = 100 * (rows["guest_seconds"].astype(float) / rows["seconds"] - 1)
    truth = float(off.abs().max())
    if near(-float(answer), truth, part=0.05):
        return ""
    both = "one that is slow is off as well: look at both sides"
    mistakes = ((truth / 100, "in percent, please"), (float(off.max()), both))
    return number(answer, truth, *mistakes, part=0.05)
