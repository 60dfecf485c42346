"""The exercises of 02-startup-time."""

from __future__ import annotations

from typing import Any

from labkit import stats
from labkit.course.exercise import exercise, largest, number, recorded
from labkit.experiments.benchmark import published
from labkit.experiments.benchmark import stats as benchmark_stats

ENGINE = "not to be compared"  # how benchmark_stats.beside ends where only the engine is in the way


@exercise(
    "02-phase",
    "stats.timeline has the column length_s; look at the rows of the backend qemu",
    "a machine that is created and started has not booted yet",
)
def phase(answer: Any) -> str:
    """In which phase does most of a booting machine's time pass?"""
    run = recorded()
    table = benchmark_stats.timeline(run.milestones, run.trials)
    lengths = table[table["backend"] == "qemu"].set_index("phase")["length_s"]
    named = " ".join(answer.replace("->", "→").split())
    unknown = "a phase has the names of two milestones that follow each other, with an arrow"
    return largest(named, lengths, unknown, "this phase is there, but another one is longer")


@exercise(
    "02-pairs",
    'stats.ratios with pair="block", as for the resumed machine in this chapter',
    "the container's trials are the second argument, those of the machine the first",
)
def pairs(answer: Any) -> str:
    """How many times a container's start does the emulated machine's take, block by block?"""
    run = recorded()
    good = run.trials[(run.trials["status"] == "ok") & (run.trials["stage"] == "measured")]
    machine, container = (good[good["backend"] == name] for name in ("qemu", "docker"))
    table = stats.ratios(machine, container, "startup_s", ["backend"], pair="block")
    truth = float(table["median_ratio"].iloc[0])
    medians = machine["startup_s"].median() / container["startup_s"].median()
    return number(
        answer,
        truth,
        (medians, "this is one median divided by the other; first divide in each block"),
        (1 / truth, "the other way round: the machine in multiples of the container"),
    )


@exercise(
    "02-comparable",
    "the table `judged` has a row a figure, with `quantity`, `shown` and `reason`",
    "of the start times that are not shown, count the reasons that name an engine",
)
def comparable(answer: Any) -> str:
    """How many published start times are refused because of nothing but their engine?"""
    figures = published.load()
    table = benchmark_stats.beside(figures, benchmark_stats.comparable(recorded(), figures))
    refused = table[(table["quantity"] == "startup") & ~table["shown"]]
    truth = int(refused["reason"].str.endswith(ENGINE).sum())
    every = "these are all that are refused; some would be so under any engine"
    return number(answer, truth, (len(refused), every), part=0)
