"""What is measured, in which order, what a neighbour may use, and what has to stay empty."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from labkit.backends.base import Backend
from labkit.backends.table import expand, make_backend
from labkit.errors import UsageError
from labkit.experiments.neighbours.noise import PRESSURE_MIB
from labkit.experiments.neighbours.placement import Cpus
from labkit.experiments.neighbours.records import (
    CONDITIONS,
    KINDS,
    Condition,
    Kind,
    NeighboursPlan,
)
from labkit.experiments.options import Help, Names, Options, require_within
from labkit.measure.choice import quick
from labkit.measure.room import check_room, disks_in_memory
from labkit.recordings.facts import Limits
from labkit.recordings.words import SEVERAL


@dataclass(frozen=True)
class NeighboursOptions(Options):
    """What is not named is chosen by what can run here."""

    backends: Annotated[
        Names | None,
        Help(
            "Which, with commas between; if not given, those that can run here and start "
            "quickly. virtualbox only when named: one block, few requests, many minutes."
        ),
    ] = None
    kinds: Annotated[
        Names | None, Help("What the neighbour takes: cpu, memory, disk; all of them.")
    ] = None
    blocks: Annotated[int, Help("How often each victim is started.")] = 3
    requests: Annotated[int, Help("Requests of each victim and condition.")] = 40
    seed: Annotated[int | None, Help("Makes the order repeatable.")] = None
    # Two instances start at once, and one of them may have little of the processor.
    ready_timeout: Annotated[float, Help("Seconds until an instance counts as hung.")] = field(
        default=240.0, kw_only=True
    )


MOST_BLOCKS, MOST_REQUESTS = 200, 2000
SLOW_REQUESTS = 5
# A backend that needs longer for a start is only measured when named, in one block, with few
# requests.
SLOW_S = 20.0
# "Without limits": a machine always has some memory; this is more than the neighbour wants.
PLENTY_MIB = 2 * PRESSURE_MIB
DISK_MIB_PER_S = 8
VICTIM = Limits(network=True)

NO_OTHER_CPU = "this computer has a single CPU, and no other one for the neighbour"
NO_DISK_LIMIT = "the lab has no way to limit what such an instance writes to the disk"
RESUMED = "it continues from one saved state, which has one size of memory for all"


@dataclass(frozen=True)
class Group:
    """One victim: its backend, and the conditions that it is under, in this order."""

    block: int
    backend: str
    kind: Kind
    conditions: tuple[Condition, ...]


def make_plan(options: NeighboursOptions) -> NeighboursPlan:
    """UsageError for what makes no sense. Without backends, all that start quickly here."""
    names = tuple(quick() if options.backends is None else expand(options.backends))
    if not names:
        raise UsageError(
            "no backend can run here", resolution="labkit doctor tells why, and what mends it"
        )
    require_within("blocks", options.blocks, 1, MOST_BLOCKS)
    require_within("requests", options.requests, 2, MOST_REQUESTS)
    check_room(Limits(memory_mib=PLENTY_MIB + VICTIM.memory_mib), 1)
    drawn = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    return NeighboursPlan(
        backends=names,
        kinds=_kinds(options.kinds),
        blocks=options.blocks,
        requests=options.requests,
        seed=drawn,
    )


def _kinds(chosen: Sequence[str] | None) -> tuple[Kind, ...]:
    if unknown := set(chosen or ()) - set(KINDS):
        raise UsageError(
            f"there is no kind of neighbour {', '.join(sorted(unknown))}",
            resolution=f"use {', '.join(KINDS)}",
        )
    return tuple(kind for kind in KINDS if chosen is None or kind in chosen)


def describe(plan: NeighboursPlan) -> str:
    """The plan in a line: what will be done, and about how long it takes. Then what is to be
    known of it beforehand."""
    seconds = sum(
        _group_s(make_backend(name), plan) * len(plan.kinds) * blocks_of(name, plan)
        for name in plan.backends
    )
    length = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    counts = ", ".join(f"{name} {blocks_of(name, plan)}" for name in plan.backends)
    kinds = ", ".join(plan.kinds)
    told = f"blocks: {counts}; neighbours: {kinds}; {len(CONDITIONS)} conditions; about {length}"
    return "\n".join([told, *disks_in_memory(plan.backends, plan.kinds)])


def schedule(plan: NeighboursPlan) -> list[Group]:
    """Blocks of one group of each backend and kind, all in random order."""
    order = random.Random(plan.seed)  # noqa: S311  an order, no secret
    groups: list[Group] = []
    for block in range(1, plan.blocks + 1):
        pairs = [
            (name, kind)
            for name in plan.backends
            if block <= blocks_of(name, plan)
            for kind in plan.kinds
        ]
        order.shuffle(pairs)
        for name, kind in pairs:
            conditions = order.sample(CONDITIONS, len(CONDITIONS))
            groups.append(Group(block, name, kind, tuple(conditions)))
    return groups


def count(plan: NeighboursPlan, cpus: Cpus) -> int:
    """How many trials there are, with those that only say why a cell is empty."""
    empty = {name: left_out(make_backend(name), plan.kinds, cpus) for name in plan.backends}
    cells = [
        (group.kind, condition) not in empty[group.backend]
        for group in schedule(plan)
        for condition in group.conditions
    ]
    return sum(map(len, empty.values())) + sum(cells)


def blocks_of(name: str, plan: NeighboursPlan) -> int:
    return 1 if is_slow(make_backend(name)) else plan.blocks


def requests_of(backend: Backend, plan: NeighboursPlan) -> int:
    return min(plan.requests, SLOW_REQUESTS) if is_slow(backend) else plan.requests


def is_slow(backend: Backend) -> bool:
    return backend.about_s > SLOW_S


def cpu_of(kind: Kind, condition: Condition, cpus: Cpus) -> int:
    """Only the one resource is shared: a neighbour that takes memory or the disk runs on the
    other CPU, and so does one that is kept off the victim's."""
    return cpus.victim if kind == "cpu" and condition == "unlimited" else cpus.neighbour


def limits_of(kind: Kind, condition: Condition) -> Limits:
    """What the neighbour may use."""
    held = condition == "limited"
    return Limits(
        memory_mib=Limits().memory_mib if kind != "memory" or held else PLENTY_MIB,
        disk_write_mib_per_s=DISK_MIB_PER_S if kind == "disk" and held else None,
    )


def left_out(
    backend: Backend, kinds: Sequence[Kind], cpus: Cpus
) -> Mapping[tuple[Kind, Condition], str]:
    """(kind, condition) → why it cannot be measured here."""
    whole = backend.unsupported.get(SEVERAL) or backend.all_unsupported().get("http")
    if backend.start == "resumed":
        whole = whole or RESUMED
    reasons: dict[tuple[Kind, Condition], str] = {}
    for kind in kinds:
        if reason := whole or (backend.all_unsupported().get("disk") if kind == "disk" else None):
            reasons |= {(kind, condition): reason for condition in CONDITIONS}
        elif kind == "cpu" and cpus.other is None:
            reasons[kind, "limited"] = NO_OTHER_CPU
        elif kind == "disk" and not backend.limits_disk:
            reasons[kind, "limited"] = NO_DISK_LIMIT
    return reasons


def _group_s(backend: Backend, plan: NeighboursPlan) -> float:
    """About how long a victim and its neighbours take: three starts, four times the requests
    (one that shares a CPU takes twice as long), and what goes before."""
    request = 0.03 if backend.about_s < 2 else 0.04 if not is_slow(backend) else 10.0
    return 3 * backend.about_s + 4 * requests_of(backend, plan) * request + 4
