"""Whether the trials of a recording agree with its plan, with each other, and with themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from labkit.experiments.neighbours.measure import cell_of
from labkit.experiments.neighbours.records import NeighboursManifest, NeighbourTrial

# Figures are written in microseconds: each may be half of one off.
ROUNDED = 1e-6


def faults(manifest: NeighboursManifest, trials: list[NeighbourTrial]) -> Iterator[str]:
    """What is wrong."""
    for cell, count in Counter(map(cell_of, trials)).items():
        if count > 1:
            yield f"there are {count} trials of {', '.join(map(str, cell))}"
    yield from _of_the_amounts(trials)
    for trial in trials:
        faults_of = (_with_the_plan, _of_the_status, _of_the_rate, _of_the_latencies)
        for why in (why for check in faults_of for why in check(manifest, trial)):
            yield f"trial {trial.trial}: {why}"


def _of_the_amounts(trials: list[NeighbourTrial]) -> Iterator[str]:
    """A victim is asked for the same under all conditions: else no ratio means anything."""
    amounts: dict[tuple[object, ...], set[int]] = {}
    for trial in trials:
        if trial.amount is not None:
            amounts.setdefault(cell_of(trial)[:3], set()).add(trial.amount)
    for group, asked in amounts.items():
        if len(asked) > 1:
            yield f"the requests of {', '.join(map(str, group))} asked for {sorted(asked)}"


def _with_the_plan(manifest: NeighboursManifest, trial: NeighbourTrial) -> Iterator[str]:
    plan = manifest.plan
    if trial.backend not in plan.backends or trial.kind not in plan.kinds:
        yield f"the plan has no {trial.kind} with {trial.backend}"
    if not (trial.block == 0 if trial.status == "left out" else 1 <= trial.block <= plan.blocks):
        yield f"a trial that is {trial.status!r} cannot be in block {trial.block}"


def _of_the_status(manifest: NeighboursManifest, trial: NeighbourTrial) -> Iterator[str]:
    measured = trial.status == "ok"
    if measured != (trial.error is None):
        yield f"its status is {trial.status!r}, and its error does not fit"
    if measured != (trial.requests is not None):
        yield f"its status is {trial.status!r}, and its figures do not fit"
    with_neighbour = measured and trial.condition != "alone"
    if with_neighbour != (trial.neighbour_mib is not None):
        yield f"what its neighbour did does not fit to the condition {trial.condition!r}"


def _of_the_rate(manifest: NeighboursManifest, trial: NeighbourTrial) -> Iterator[str]:
    rate, seconds, requests = trial.requests_per_s, trial.seconds, trial.requests
    if rate is None or seconds is None or requests is None:
        return
    if abs(rate * seconds - requests) > ROUNDED * (rate + seconds):
        yield f"{requests} requests in {seconds} s are not {rate} a second"


def _of_the_latencies(manifest: NeighboursManifest, trial: NeighbourTrial) -> Iterator[str]:
    """One request after another: none took longer than all of them together."""
    ordered = (trial.p50_s, trial.p95_s, trial.p99_s, trial.slowest_s, trial.seconds)
    known = [value for value in ordered if value is not None]
    if any(shorter > longer + ROUNDED for shorter, longer in pairwise(known)):
        yield f"its latencies are in no order: {', '.join(map(str, known))} s"
