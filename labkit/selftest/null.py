"""Null trials: start, ready, stop, and no work. What of them is the lab's own?

Each backend is started with and without its meters, in one interleaved run of the lab's runner,
in seeded random order; both are in every block, so a difference is taken within a block. Trials
without meters go the same way through the same code: the sampler's thread is there, it only has
nothing to read, and the meters are not looked up (which costs a request to a daemon, or a look at
all processes).

What the figures contain:
- `startup_s`: `requested` to `ready`, with meters, as in every run. It holds all that the lab
  does in between in its own process, such as a scratch folder or a connection to a daemon.
- `sampler_adds_s`: startup with meters minus startup without, in the same block: reading meters
  while the instance starts, and looking them up. Not in it: readings after `ready`.
- `lab_cpu_s`: CPU time of this process, all its threads, for a whole trial from before the first
  reading to after the clean-up; `lab_cpu_share` divides it by the trial's wall time. Not in it:
  child processes, daemons and machines, which the meters follow.
- the floor: from just before the spawn to the parsed line of the smallest possible process
  (labkit.selftest.floor), with meters. It holds Python's spawn, the kernel's fork, execve and
  scheduling, the way through the stream, and the parser. So much of each startup is no property of
  a backend; only a process that starts as the host's does has all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from labkit.backends import Backend, Instance, Missing
from labkit.image import LabImage
from labkit.records import Engine, Floor, Limits, NullTrials, Plan
from labkit.selftest.estimates import estimate
from labkit.selftest.floor import FloorBackend
from labkit.selftest.trials import Observed
from labkit.timeline import Timeline

UNMETERED = " (no meters)"
FLOORS = (FloorBackend("pipe"), FloorBackend("socket"))
# Trials of each kind: as many as asked for, but of a slow backend what its time allows.
LEAST, BUDGET_S = 5, 20.0


class Unmetered(Backend):
    """A backend of which the sampler has nothing to read."""

    def __init__(self, backend: Backend) -> None:
        self.name = backend.name + UNMETERED
        self.family, self.start = backend.family, backend.start  # type: ignore[misc]
        self._backend = backend

    def missing(self) -> Missing | None:
        return self._backend.missing()

    def version(self) -> str:
        return self._backend.version()

    def engine(self, image: LabImage | None) -> Engine:
        return self._backend.engine(image)

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with self._backend.launch(image, limits, timeline) as instance:
            instance.meters = tuple  # type: ignore[method-assign]
            yield instance


def null_backends(chosen: Mapping[str, Backend]) -> dict[str, Backend]:
    """The floors and the chosen backends, each with and without meters."""
    floors = [floor for floor in FLOORS if floor.missing() is None]
    metered = {backend.name: backend for backend in (*floors, *chosen.values())}
    bare = [Unmetered(backend) for backend in metered.values()]
    return metered | {backend.name: backend for backend in bare}


def null_plan(backends: Mapping[str, Backend], repeats: int, seed: int) -> Plan:
    """One warm-up and `repeats` blocks; a slow backend is in fewer of them."""
    about_s = {name: backends[name.removesuffix(UNMETERED)].about_s for name in backends}
    return Plan(
        backends=tuple(backends),
        workloads=(),
        trials={name: _trials(seconds, repeats) for name, seconds in about_s.items()},
        warmups={name: 1 for name in backends if not name.endswith(UNMETERED)},
        seconds=1,
        seed=seed,
        profile="selftest",
    )


def _trials(about_s: float, repeats: int) -> int:
    return min(repeats, max(LEAST, int(BUDGET_S / (2 * about_s))))


def null_figures(trials: Sequence[Observed], plan: Plan) -> tuple[NullTrials, ...]:
    """The figures of each backend."""
    names = [name for name in plan.backends if not name.endswith(UNMETERED)]
    return tuple(_figures(trials, name) for name in names)


def floor_figures(trials: Sequence[Observed]) -> tuple[Floor, ...]:
    """From the spawn of the smallest process to its parsed line."""
    return tuple(
        Floor(
            stream=floor.stream,
            spawn_to_line_s=estimate(
                [_between(trial, "created", "ready") for trial in of(trials, floor.name)]
            ),
        )
        for floor in FLOORS
        if of(trials, floor.name)
    )


def of(trials: Sequence[Observed], name: str) -> list[Observed]:
    """The trials of one backend."""
    return [trial for trial in trials if trial.records.trial.backend == name]


def by_block(trials: Sequence[Observed], name: str) -> dict[int, float | None]:
    """Block → startup of one backend."""
    found = [trial.records.trial for trial in of(trials, name)]
    return {trial.block: trial.startup_s for trial in found}


def _figures(trials: Sequence[Observed], name: str) -> NullTrials:
    metered, bare = by_block(trials, name), by_block(trials, name + UNMETERED)
    added = [
        with_meters - without
        for block, with_meters in metered.items()
        if with_meters is not None and (without := bare.get(block)) is not None
    ]
    mine = of(trials, name)
    return NullTrials(
        backend=name,
        startup_s=estimate(list(metered.values())),
        sampler_adds_s=estimate(added),
        lab_cpu_s=estimate([trial.lab_cpu_s for trial in mine]),
        lab_cpu_share=estimate([t.lab_cpu_s / t.wall_s for t in mine if t.wall_s > 0]),
    )


def _between(trial: Observed, first: str, then: str) -> float | None:
    at = {milestone.milestone: milestone.at_s for milestone in trial.records.milestones}
    return at[then] - at[first] if first in at and then in at else None
