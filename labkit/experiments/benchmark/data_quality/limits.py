"""Quality issues of limits: instances that were not held to what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from labkit import units
from labkit.backends.own.names import bits, within
from labkit.experiments.benchmark.data_quality.issue import QualityIssue, named
from labkit.experiments.benchmark.records import RunManifest
from labkit.experiments.benchmark.stats.frames import ALIKE, PAIR, paired, yardstick
from labkit.stats.spread import floats

WORDS: Mapping[str, Callable[[float], str]] = {
    "held_memory_bytes": lambda size: f"{units.text(size, units.memory)} of memory",
    "held_cpus": lambda cpus: f"{cpus:g} CPU" + ("" if cpus == 1 else "s"),
}


def limits(trials: pd.DataFrame, manifest: RunManifest) -> Iterator[QualityIssue]:
    """What the kernel said while a trial ran, against the plan: a limit that did not hold, or one
    around the lab that is tighter; then what is not compared for it."""
    one = yardstick(trials)
    for backend, group in paired(trials).groupby("backend", sort=False):
        asked = within(str(backend), manifest.plan.limits)
        wanted = {"held_memory_bytes": float(asked.memory_mib << 20)}
        wanted["held_cpus"] = float(asked.cpus)
        for column, wish in wanted.items():
            held = floats(group[column])
            off = held[(held / wish - 1).abs() > ALIKE]
            what, instead = (WORDS[column](number) for number in (float(off.median()), wish))
            told = f"{backend} was held to {what} instead of {instead}"
            yield from _issue(str(backend), column, told, group.loc[off.index, "trial"])
        if not _alike(str(backend), one, manifest):
            continue
        told = f"{backend} is not compared with {one}, which was held to other limits,"
        yield from _issue(str(backend), PAIR, told, group.loc[group[PAIR].isna(), "trial"])


def _alike(backend: str, other: str, manifest: RunManifest) -> bool:
    """Whether two backends were meant to run the same bits within the same limits."""
    asked = manifest.plan.limits
    return bits(backend) == bits(other) and within(backend, asked) == within(other, asked)


def _issue(backend: str, about: str, told: str, trials: pd.Series) -> Iterator[QualityIssue]:
    numbers = tuple(int(number) for number in trials)
    if numbers:
        yield QualityIssue("limits", backend, about, "", numbers, f"{told} in {named(numbers)}")
