"""The exercises of 02-startup-time."""

from __future__ import annotations

from typing import Any

from labkit import published, stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near
from labkit.course.recorded import recorded

ENGINE = "not to be compared"  # how stats.beside ends where only the engine is in the way


def phase(answer: Any) -> str:
    """In which phase does most of a booting machine's time pass?"""
    run = recorded()
    table = stats.timeline(run.milestones, run.trials)
    mine = table[table["backend"] == "qemu"].set_index("phase")["length_s"]
    named = " ".join(answer.replace("->", "→").split())
    if named not in mine.index:
        return "a phase has the names of two milestones that follow each other, with an arrow"
    return "" if named == mine.idxmax() else "this phase is there, but another one is longer"


def pairs(answer: Any) -> str:
    """How many times a container's start does the emulated machine's take, block by block?"""
    run = recorded()
    good = run.trials[run.trials["status"] == "ok"]
    good = good[good["stage"] == "measured"]
    machine, container = (good[good["backend"] == name] for name in ("qemu", "docker"))
    table = stats.ratios(machine, container, "startup_s", ["backend"], pair="block")
    truth = float(table["median_ratio"].iloc[0])
    if near(answer, truth):
        return ""
    medians = machine["startup_s"].median() / container["startup_s"].median()
    if near(answer, medians):
        return "this is one median divided by the other; first divide in each block"
    if near(answer, 1 / truth):
        return "the other way round: the machine in multiples of the container"
    return direction(answer, truth)


def comparable(answer: Any) -> str:
    """How many published start times are refused because of nothing but their engine?"""
    figures = published.load()
    table = stats.beside(figures, stats.comparable(recorded(), figures))
    refused = table[(table["quantity"] == "startup") & ~table["shown"]]
    truth = int(refused["reason"].str.endswith(ENGINE).sum())
    if near(answer, truth, part=0):
        return ""
    if near(answer, len(refused), part=0):
        return "these are all that are refused; some would be so under any engine"
    return direction(answer, truth)


EXERCISES = {
    "02-phase": Exercise(
        phase,
        (
            "stats.timeline has the column length_s; look at the rows of the backend qemu",
            "a machine that is created and started has not booted yet",
        ),
    ),
    "02-pairs": Exercise(
        pairs,
        (
            'stats.ratios with pair="block", as for the resumed machine in this chapter',
            "the container's trials are the second argument, those of the machine the first",
        ),
    ),
    "02-comparable": Exercise(
        comparable,
        (
            "the table `judged` has a row a figure, with `quantity`, `shown` and `reason`",
            "of the start times that are not shown, count the reasons that name an engine",
        ),
    ),
}
