"""What can be chosen for a selftest, and which backends are in which part, under which names."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.errors import BackendError, UsageError
from labkit.experiments.options import Help, Names, Options
from labkit.experiments.selftest.floor import FLOORS
from labkit.experiments.selftest.records import SelftestPlan
from labkit.measure.plan import Plan

REPEATS = 12


@dataclass(frozen=True, kw_only=True)
class SelftestOptions(Options):
    """With which backends the lab is tested, and how often."""

    backends: Annotated[
        Names | None,
        Help(
            "Which, with commas between; if not given, of those that can run here: host and "
            "docker for all parts, qemu for the overhead trials and the sampler's cost."
        ),
    ] = None
    repeats: Annotated[
        int, Help("Blocks of each part; a slow backend is in fewer overhead trials.")
    ] = REPEATS
    seed: Annotated[
        int | None, Help("Makes the order of the trials and the resampling repeatable.")
    ] = None


MOST = 1000
# Those that start quickly enough for two minutes; each twice, and what is measured once besides.
TWICE, ONCE = ("host", "docker"), ("host", "docker", "qemu")
UNMETERED, AGAIN = " (no meters)", "-again"
WORKLOAD, SECONDS = "cpu", 0.2
PAIRS = 5
# Trials of each kind: as many as asked for, but of a slow backend what its time allows.
LEAST, BUDGET_S = 5, 20.0


def make_plan(options: SelftestOptions) -> SelftestPlan:
    """UsageError for what makes no sense; BackendError where nothing can run."""
    if not 2 <= options.repeats <= MOST:
        raise UsageError(
            f"{options.repeats} repeats make no selftest",
            details="there is no interval of one value",
            resolution=f"use 2 to {MOST}; 12 if in doubt",
        )
    seed = options.seed
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    once = _chosen(options.backends, ONCE)
    if not once:
        raise BackendError(
            f"none of {', '.join(ONCE)} can run here",
            resolution="labkit doctor tells why, or name another: labkit selftest --backends …",
        )
    # Where neither of the usual ones is there, what is there is measured twice.
    twice = _chosen(options.backends, TWICE) or once
    return SelftestPlan(
        overhead=overhead_plan(with_floors(once), options.repeats, seed),
        a_a=a_a_plan(tuple(twice), options.repeats, seed),
        sampling=tuple(once),
        pairs=PAIRS,
        seed=seed,
    )


def with_floors(chosen: Mapping[str, Backend]) -> dict[str, Backend]:
    """The smallest processes that can run here, and the chosen backends."""
    floors = {floor.name: floor for floor in FLOORS if floor.missing() is None}
    return {**floors, **chosen}


def overhead_plan(backends: Mapping[str, Backend], repeats: int, seed: int) -> Plan:
    """One warm-up and `repeats` blocks of each, with and without meters; a slow backend is in
    fewer of them."""
    counts = {name: _trials(backend.about_s, repeats) for name, backend in backends.items()}
    without = {name + UNMETERED: count for name, count in counts.items()}
    return Plan(
        backends=(*counts, *without),
        workloads=(),
        trials=counts | without,
        warmups=dict.fromkeys(counts, 1),
        seconds=1,
        seed=seed,
        profile="selftest",
    )


def a_a_plan(names: Sequence[str], repeats: int, seed: int) -> Plan:
    """Blocks of each of them under two names, with a short piece of work, after one warm-up."""
    doubled = tuple(name + suffix for name in names for suffix in ("", AGAIN))
    return Plan(
        backends=doubled,
        workloads=(WORKLOAD,),
        trials=dict.fromkeys(doubled, repeats),
        warmups=dict.fromkeys(doubled, 1),
        seconds=SECONDS,
        seed=seed,
        profile="selftest",
    )


def bare(name: str) -> str:
    """The backend behind a name of the plan."""
    return name.removesuffix(UNMETERED).removesuffix(AGAIN)


def _chosen(named: Sequence[str] | None, usual: Sequence[str]) -> dict[str, Backend]:
    """Name → backend: those that were named, or of the usual ones those that can run here."""
    made = {name: make_backend(name) for name in dict.fromkeys(usual if named is None else named)}
    if named is not None:
        return made
    return {name: backend for name, backend in made.items() if backend.problem() is None}


def _trials(about_s: float, repeats: int) -> int:
    return min(repeats, max(LEAST, int(BUDGET_S / (2 * about_s))))
