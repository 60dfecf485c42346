"""How many instances are started, of which backends, in which order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Annotated

from pydantic import ValidationError

from labkit.backends.table import expand, make_backend
from labkit.errors import UsageError
from labkit.experiments.density.records import WAYS, DensityPlan, Way
from labkit.experiments.options import Help, Names, Options, require_within
from labkit.measure.choice import quick
from labkit.measure.room import check_limits
from labkit.recordings.facts import Limits
from labkit.recordings.words import SEVERAL

MOST_INSTANCES, MOST_REPEATS = 64, 100
SETTLE_S = 1.0  # what a start has set in motion is over by then
# (block, backend, level, way) of a group: there is one of each.
Cell = tuple[int, str, int, Way]


@dataclass(frozen=True)
class DensityOptions(Options):
    """What is not named is chosen by what can run here."""

    backends: Annotated[
        Names | None,
        Help(
            "Which, with commas between; if not given, those that can run here and start quickly."
        ),
    ] = None
    most: Annotated[int, Help("The largest number of instances; 1, 2, 4, … come before it.")] = 8
    repeats: Annotated[int, Help("Blocks: how often each number is started in each way.")] = 3
    seed: Annotated[int | None, Help("Makes the order repeatable.")] = None
    cpus: Annotated[int, Help("CPUs of each instance.")] = 1
    memory_mib: Annotated[int, Help("Memory of each instance.")] = 256
    # The last of many that start together waits for all others.
    ready_timeout: Annotated[float, Help("Seconds until an instance counts as hung.")] = field(
        default=240.0, kw_only=True
    )


def make_plan(options: DensityOptions) -> DensityPlan:
    """UsageError for what makes no sense. Without backends, all that start quickly here."""
    names = tuple(quick() if options.backends is None else expand(options.backends))
    if not names:
        raise UsageError(
            "no backend can run here", resolution="labkit doctor tells why, and what mends it"
        )
    if not any(map(_able, names)):
        raise UsageError(
            "none of these backends runs several instances",
            details="\n".join(f"{name}: {one_only(name)}" for name in names),
        )
    require_within("instances", options.most, 1, MOST_INSTANCES)
    require_within("repeats", options.repeats, 1, MOST_REPEATS)
    drawn = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    return DensityPlan(
        backends=names,
        most=options.most,
        repeats=options.repeats,
        seed=drawn,
        limits=_limits(options),
    )


def _limits(options: DensityOptions) -> Limits:
    try:
        limits = Limits(cpus=options.cpus, memory_mib=options.memory_mib)
    except ValidationError as error:
        raise UsageError(
            f"{options.cpus} CPUs and {options.memory_mib} MiB make no instance",
            resolution="use 1 CPU or more and 64 MiB or more",
        ) from error
    check_limits(limits)
    return limits


def one_only(name: str) -> str:
    """Why a backend does not run several instances; empty where it does."""
    return make_backend(name).unsupported.get(SEVERAL, "")


def _able(name: str) -> bool:
    return not one_only(name)


def able(plan: DensityPlan) -> tuple[str, ...]:
    """The backends of the plan that run several instances."""
    return tuple(filter(_able, plan.backends))


def levels(most: int) -> tuple[int, ...]:
    """1, 2, 4, … and the largest number itself."""
    doubled = takewhile(lambda level: level < most, (2**power for power in range(most)))
    return (*doubled, most)


def schedule(plan: DensityPlan) -> list[Cell]:
    """Blocks of one group of each backend, level and way, in random order."""
    order = random.Random(plan.seed)  # noqa: S311  an order, no secret
    cells: list[Cell] = []
    for block in range(1, plan.repeats + 1):
        mine: list[Cell] = [
            (block, name, level, way)
            for name in able(plan)
            for level in levels(plan.most)
            for way in WAYS
        ]
        order.shuffle(mine)
        cells += mine
    return cells


def describe(plan: DensityPlan) -> str:
    """The plan in a line: what will be done, and about how long it takes at most: as if instances
    that start together took as long as one by one."""
    cells = schedule(plan)
    seconds = sum(make_backend(name).about_s * level + SETTLE_S for _, name, level, _ in cells)
    length = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    numbers = ", ".join(map(str, levels(plan.most)))
    return (
        f"blocks: {plan.repeats}; backends: {', '.join(able(plan))}; instances: {numbers}, one by "
        f"one and together; at most about {length}"
    )
