"""The exercises of 07-inside-docker."""

from __future__ import annotations

from typing import Any

from labkit import stats
from labkit.course.exercise import exercise, largest, number, recorded
from labkit.experiments.benchmark import stats as benchmark_stats

BRIDGE = "docker:network=bridge"


@exercise(
    "07-engine",
    "look at the tree: which of these processes would a second container need once more?",
    "what is there once for all, and then one process more for each container",
    given=(20, 5, 12, 35, 50),
)
def engine(answer: Any, containers: int) -> str:
    """{given} containers run, all started with `docker run -d`, so that nobody waits at a command
    for them. How many processes of the engine are there, the programs in them not counted?"""
    roles = recorded("docker-internals").tree["role"].value_counts()
    each, once = int(roles["containerd-shim"]), int(roles["dockerd"] + roles["containerd"])
    truth = once + each * containers
    programs = "the programs in the containers are no part of the engine; nobody waits at a command"
    return number(
        answer,
        truth,
        ((once + each) * containers, "two of them are there once, for all containers"),
        (truth + containers, programs),
        part=0,
    )


@exercise(
    "07-largest",
    "look at the longest bar between the first row and the last",
    "take the rows of the quantity startup_s, without the total, and their largest median",
)
def slowest(answer: Any) -> str:
    """Which component adds the most to the time until ready?"""
    run = recorded("engine-parts")
    table = benchmark_stats.engine_parts(run.trials, run.samples)
    steps = table[(table["quantity"] == "startup_s") & (table["backend"] != "total")]
    unknown = "it is the name of one of the backends of the chart"
    return largest(answer, steps.set_index("backend")["median"], unknown, "another one adds more")


@exercise(
    "07-bridge",
    'stats.ratios with pair="block", of the column startup_s, as in the second chapter',
    "a ratio of 1 would be nothing more; take 1 away and make it percent",
)
def bridge(answer: Any) -> str:
    """How much longer does a start with a network take, in percent, block by block?"""
    run = recorded("docker-variants")
    good = run.trials[(run.trials["status"] == "ok") & (run.trials["stage"] == "measured")]
    with_it, without = (good[good["backend"] == name] for name in (BRIDGE, "docker"))
    table = stats.ratios(with_it, without, "startup_s", ["backend"], pair="block")
    truth = 100 * (float(table["median_ratio"].iloc[0]) - 1)
    percent = "in percent, please, and only what is added"
    return number(
        answer,
        truth,
        (truth + 100, "this is how long it takes; how much longer is asked for"),
        (truth / 100, percent),
        (truth / 100 + 1, percent),
    )
