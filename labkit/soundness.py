"""Whether the rows of a run belong together: what each row alone cannot show.

A row may be a valid record and still be wrong: there twice, of a trial or a backend that the run
does not have, at odds with the manifest.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from labkit.records import MILESTONES, Manifest, Milestone, Record, Requests, Result, Sample, Trial

R = TypeVar("R", bound=Record)
Records = Mapping[str, Sequence[Record]]


def faults(manifest: Manifest, records: Records) -> Iterator[tuple[str, str]]:
    """(table, what is wrong with it), of all that is wrong."""
    trials = {trial.trial: trial for trial in _of(Trial, records["trials"])}
    for trial in _of(Trial, records["trials"]):
        yield from (("trials", f"trial {trial.trial}: {why}") for why in _faults(manifest, trial))
    yield from _strangers(trials, records)
    yield from _unknown_names(manifest, records)
    for table, rows in records.items():
        for key in _twice(map(_key, rows)):
            yield table, f"trial {key[0]}: a row is there twice ({', '.join(map(str, key[1:]))})"
    for row in _of(Milestone, records["milestones"]):
        startup_s = trials[row.trial].startup_s if row.trial in trials else None
        if row.milestone == "ready" and startup_s is not None and startup_s != row.at_s:
            yield "trials", f"trial {row.trial}: ready after {row.at_s} s, yet {startup_s=}"


def _faults(manifest: Manifest, trial: Trial) -> Iterator[str]:
    info = manifest.backends.get(trial.backend)
    if info is None:
        yield f"the manifest has no backend {trial.backend!r}"
    elif (trial.family, trial.engine, trial.start) != (info.family, info.engine, info.start):
        yield f"family, engine or start is not that of {trial.backend} in the manifest"
    if (trial.stage == "warmup") != (trial.block == 0):
        yield f"a trial of the stage {trial.stage!r} cannot be in block {trial.block}"
    if (trial.status == "failed") != (trial.error is not None):
        yield f"its status is {trial.status!r}, and its error does not fit"


def _strangers(trials: Mapping[int, Trial], records: Records) -> Iterator[tuple[str, str]]:
    """Rows that name another backend than their trial does."""
    for table, rows in records.items():
        for row in rows:
            if not isinstance(row, Milestone | Requests | Result | Sample):
                continue
            trial = trials.get(row.trial)
            if trial is not None and row.backend != trial.backend:
                yield table, f"trial {row.trial} is one of {trial.backend}, not of {row.backend!r}"


def _unknown_names(manifest: Manifest, records: Records) -> Iterator[tuple[str, str]]:
    workloads = {task.partition(":")[0] for task in manifest.plan.workloads}
    for milestone in _of(Milestone, records["milestones"]):
        if milestone.milestone not in MILESTONES:
            yield "milestones", f"trial {milestone.trial}: no milestone {milestone.milestone!r}"
    for result in _of(Result, records["results"]):
        if result.workload not in workloads:
            yield "results", f"trial {result.trial}: the plan has no workload {result.workload!r}"
    for load in _of(Requests, records["requests"]):
        if load.workload not in workloads:
            yield "requests", f"trial {load.trial}: the plan has no workload {load.workload!r}"


def _key(row: Record) -> tuple[Hashable, ...]:
    """What no second row of its table has."""
    match row:
        case Trial():
            return (row.trial,)
        case Milestone():
            return (row.trial, row.milestone)
        case Result():
            return (row.trial, row.workload)
        case Requests():
            return (row.trial, row.workload, row.connections)
        case Sample():
            return (row.trial, row.meter, row.role, row.at_s, row.moment)
    raise TypeError(type(row))


def _twice(keys: Iterable[tuple[Hashable, ...]]) -> Iterator[tuple[Hashable, ...]]:
    seen = set()
    for key in keys:
        if key in seen:
            yield key
        seen.add(key)


def _of(kind: type[R], rows: Iterable[Record]) -> Iterator[R]:
    return (row for row in rows if isinstance(row, kind))
