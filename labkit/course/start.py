"""The exercises of 00-start-here."""

from __future__ import annotations

from typing import Any

from labkit import stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near
from labkit.course.recorded import recorded


def alike(answer: Any) -> str:
    """Which backend's speed at plain computing can this run not tell from the bare process's?"""
    run = recorded()
    table = stats.throughput(run.results, run.trials)
    table = table[(table["workload"] == "cpu") & (table["backend"] != "host")]
    rows = table.set_index("backend")
    if answer not in rows.index:
        return "the name of one of the backends, please, and not the bare process's own"
    low, high = rows.loc[answer, ["low_ratio", "high_ratio"]]
    return "" if low <= 1 <= high else "its interval does not hold 1, the bare process's own speed"


def instead(answer: Any) -> str:
    """How many bare processes take as much memory (PSS, `each`) as one machine `qemu`?"""
    run = recorded()
    table = stats.memory(run.samples, run.trials)
    each = table[(table["metric"] == "pss") & (table["role"] == "each")]
    size = each.set_index("backend")["median_bytes"]
    truth = float(size["qemu"] / size["host"])
    if near(answer, truth, part=0.05):
        return ""
    if near(answer, size["qemu"] / 2**20, part=0.05):
        return "these are the MiB that the machine takes; how many processes have room there?"
    if near(answer, size["qemu-resumed"] / size["host"], part=0.05):
        return "this is the machine that was saved; another one is asked for"
    return direction(answer, truth)


EXERCISES = {
    "00-alike": Exercise(
        alike,
        (
            "the bare process's own speed is 1: look at low_ratio and high_ratio of the others",
            "an interval that holds 1 says that the difference may be chance",
        ),
    ),
    "00-instead": Exercise(
        instead,
        (
            "the table `parts` has a row for each backend, and a column `each`",
            "divide the two figures of the column `each`, of qemu and of host",
        ),
    ),
}
