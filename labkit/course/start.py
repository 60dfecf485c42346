"""The exercises of 00-start-here."""

from __future__ import annotations

from typing import Any

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.benchmark import stats
from labkit.units import MIB


@exercise(
    "00-alike",
    "the bare process's own speed is 1: look at low_ratio and high_ratio of the others",
    "an interval that holds 1 says that the difference may be chance",
)
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


@exercise(
    "00-instead",
    "the table `parts` has a row for each backend, and a column `each`",
    "divide the figure of qemu in the column `each` by that of host; that is for one machine",
    given=(3, 2, 4, 5, 6, 7, 8),
)
def instead(answer: Any, machines: int) -> str:
    """How many bare processes take as much memory (PSS, the column `each`) as {given} virtual
    machines `qemu`?"""
    run = recorded()
    table = stats.memory(run.samples, run.trials)
    each = table[(table["metric"] == "pss") & (table["role"] == "each")]
    size = each.set_index("backend")["median_bytes"]
    mib = "these are the MiB that the machine takes; how many processes have room there?"
    saved = "this is the machine that was saved; another one is asked for"
    single = "this is for one machine"
    ratio = size / size["host"]
    mistakes = (
        (machines * size["qemu"] / MIB, mib),
        (machines * ratio["qemu-resumed"], saved),
        (ratio["qemu"], single),
    )
    return number(answer, machines * float(ratio["qemu"]), *mistakes, part=0.05)
