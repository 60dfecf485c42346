"""What is measured, in which order, what a neighbour may use, and what has to stay empty."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkit import planning
from labkit.backends import Backend, expand, make_backend
from labkit.errors import UsageError
from labkit.instances import check_room
from labkit.neighbours.noise import PRESSURE_MIB
from labkit.neighbours.placement import Cpus
from labkit.neighbours.records import CONDITIONS, KINDS, Condition, Kind
from labkit.records import SEVERAL, Limits

BLOCKS, MOST_BLOCKS = 3, 200
REQUESTS, SLOW_REQUESTS = 40, 5
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


@dataclass(frozen=True)
class Neighbours:
    """A checked plan."""

    backends: tuple[str, ...]
    kinds: tuple[Kind, ...]
    blocks: int
    requests: int
    seed: int


def make_plan(
    backends: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    *,
    blocks: int = BLOCKS,
    requests: int = REQUESTS,
    seed: int | None = None,
) -> Neighbours:
    """UsageError for what makes no sense. Without backends, all that start quickly here."""
    names = tuple(expand(backends)) if backends is not None else _quick()
    if not names:
        raise UsageError(
            "no backend can run here", resolution="labkit doctor tells why, and what mends it"
        )
    for name in names:
        make_backend(name)
    if unknown := set(kinds or ()) - set(KINDS):
        raise UsageError(
            f"there is no kind of neighbour {', '.join(sorted(unknown))}",
            resolution=f"use {', '.join(KINDS)}",
        )
    if not 1 <= blocks <= MOST_BLOCKS:
        raise UsageError(f"{blocks} blocks are not possible", resolution=f"use 1 to {MOST_BLOCKS}")
    if not 2 <= requests <= 2000:
        raise UsageError(f"{requests} requests are not possible", resolution="use 2 to 2000")
    check_room(Limits(memory_mib=PLENTY_MIB + VICTIM.memory_mib), 1)
    chosen = tuple(kind for kind in KINDS if kinds is None or kind in kinds)
    drawn = random.SystemRandom().randrange(2**31) if seed is None else seed
    return Neighbours(names, chosen, blocks, requests, drawn)


def describe(plan: Neighbours) -> str:
    """The plan in a line: what will be done, and about how long it takes."""
    seconds = sum(
        _group_s(make_backend(name), plan) * len(plan.kinds) * blocks_of(name, plan)
        for name in plan.backends
    )
    length = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    counts = ", ".join(f"{name} {blocks_of(name, plan)}" for name in plan.backends)
    kinds = ", ".join(plan.kinds)
    return f"blocks: {counts}; neighbours: {kinds}; {len(CONDITIONS)} conditions; about {length}"


def schedule(plan: Neighbours) -> list[Group]:
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


def blocks_of(name: str, plan: Neighbours) -> int:
    return 1 if is_slow(make_backend(name)) else plan.blocks


def requests_of(backend: Backend, plan: Neighbours) -> int:
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


def left_out(backend: Backend, kinds: Sequence[Kind], cpus: Cpus) -> Mapping[tuple[str, str], str]:
    """(kind, condition) → why it cannot be measured here."""
    whole = backend.cannot.get(SEVERAL) or backend.leaves_out().get("http")
    if backend.start == "resumed":
        whole = whole or RESUMED
    found: dict[tuple[str, str], str] = {}
    for kind in kinds:
        if reason := whole or (backend.leaves_out().get("disk") if kind == "disk" else None):
            found |= {(kind, condition): reason for condition in CONDITIONS}
        elif kind == "cpu" and cpus.other is None:
            found[kind, "limited"] = NO_OTHER_CPU
        elif kind == "disk" and not backend.limits_disk:
            found[kind, "limited"] = NO_DISK_LIMIT
    return found


def _quick() -> tuple[str, ...]:
    ready = [make_backend(name) for name in planning.available()]
    return tuple(b.name for b in ready if b.start == "cold" and not is_slow(b))


def _group_s(backend: Backend, plan: Neighbours) -> float:
    """About how long a victim and its neighbours take: three starts, four times the requests
    (one that shares a CPU takes twice as long), and what goes before."""
    request = 0.03 if backend.about_s < 2 else 0.04 if not is_slow(backend) else 10.0
    return 3 * backend.about_s + 4 * requests_of(backend, plan) * request + 4
