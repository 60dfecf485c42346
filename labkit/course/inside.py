"""The exercises of 07-inside-docker."""

from __future__ import annotations

from typing import Any

from labkit import kept, stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near
from labkit.course.recorded import recorded

CONTAINERS = 20
BRIDGE = "docker:network=bridge"


def engine(answer: Any) -> str:
    """How many processes of the engine are there while so many containers run, and nobody waits
    at a command for them?"""
    roles = kept.load("inside-docker").tables["tree"]["role"].value_counts()
    each, once = int(roles["containerd-shim"]), int(roles["dockerd"] + roles["containerd"])
    truth = once + each * CONTAINERS
    if near(answer, truth, part=0):
        return ""
    if near(answer, (once + each) * CONTAINERS, part=0):
        return "two of them are there once, for all containers"
    if near(answer, truth + CONTAINERS, part=0):
        return "the programs in the containers are no part of the engine; nobody waits at a command"
    return direction(answer, truth)


def largest(answer: Any) -> str:
    """Which component adds the most to the time until ready?"""
    run = recorded("layers")
    table = stats.layers(run.trials, run.samples)
    steps = table[(table["quantity"] == "startup_s") & (table["backend"] != "total")]
    if answer not in set(steps["backend"]):
        return "it is the name of one of the backends of the chart"
    mine = steps.set_index("backend")["median"]
    return "" if answer == mine.idxmax() else "another one adds more"


def bridge(answer: Any) -> str:
    """How much longer does a start with a network take, in percent, block by block?"""
    run = recorded("docker-variants")
    good = run.trials[(run.trials["status"] == "ok") & (run.trials["stage"] == "measured")]
    with_it, without = (good[good["backend"] == name] for name in (BRIDGE, "docker"))
    table = stats.ratios(with_it, without, "startup_s", ["backend"], pair="block")
    truth = 100 * (float(table["median_ratio"].iloc[0]) - 1)
    if near(answer, truth):
        return ""
    if near(answer, truth + 100):
        return "this is how long it takes; how much longer is asked for"
    if near(answer, truth / 100) or near(answer, truth / 100 + 1):
        return "in percent, please, and only what is added"
    return direction(answer, truth)


EXERCISES = {
    "07-engine": Exercise(
        engine,
        (
            "look at the tree: which of these processes would a second container need once more?",
            "what is there once for all, and then one process more for each container",
        ),
    ),
    "07-largest": Exercise(
        largest,
        (
            "look at the longest bar between the first row and the last",
            "take the rows of the quantity startup_s, without the total, and their largest median",
        ),
    ),
    "07-bridge": Exercise(
        bridge,
        (
            'stats.ratios with pair="block", of the column startup_s, as in the second chapter',
            "a ratio of 1 would be nothing more; take 1 away and make it percent",
        ),
    ),
}
