"""Interleaved trials by the lab's own runner, kept in memory, with what the lab itself spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from labkit import image, lab, orphans, runner
from labkit.backends import Backend
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.process import Clock, HostClock
from labkit.records import Limits, Plan
from labkit.runner import Hooks, Step
from labkit.store import TrialRecords

CpuClock = Callable[[], float]


@dataclass(frozen=True)
class Observed:
    """A trial, and what this process spent from its beginning to its end: CPU seconds of all of
    its threads, and wall time. Not in it: the child processes, the daemons, the machines."""

    records: TrialRecords
    lab_cpu_s: float
    wall_s: float


@contextmanager
def prepared(backends: Mapping[str, Backend], *, progress: bool = True) -> Iterator[LabImage]:
    """The lab image, with these backends ready to start it; leaves nothing behind."""
    for name, backend in backends.items():
        lab.require(name, backend)
    orphans.sweep(backends.values())
    built = image.build(progress=progress)
    try:
        with ExitStack() as states:
            for backend in backends.values():
                backend.prepare(built)
                states.enter_context(backend.saved_state(built, Limits()))
            yield built
    finally:
        orphans.sweep(backends.values(), mine=True)


def observe(
    plan: Plan,
    backends: Mapping[str, Backend],
    built: LabImage,
    tick: Callable[[str], None] = lambda what: None,
    *,
    clock: Clock | None = None,
    cpu_clock: CpuClock = time.process_time,
) -> list[Observed]:
    """Runs a plan; `tick` is called with the backend's name after each trial. The warm-ups are
    not in the list. Raises BackendError at the first trial that fails: a test of the lab needs
    all that it asked for."""
    clock = clock or HostClock()
    found: list[Observed] = []
    began = (0.0, 0.0)

    def on_step(step: Step) -> None:
        nonlocal began
        began = (cpu_clock(), clock.now())

    def on_trial(records: TrialRecords) -> None:
        spent, took = cpu_clock() - began[0], clock.now() - began[1]
        if records.trial.status == "failed":
            raise BackendError(
                f"a trial of {records.trial.backend} failed, so the selftest has no answer",
                details=records.trial.error or "",
                resolution="labkit doctor tells whether the backend is well; or leave it out: "
                "labkit selftest --backends …",
            )
        if records.trial.stage == "measured":
            found.append(Observed(records, spent, took))
        tick(records.trial.backend)

    runner.execute(plan, backends, built, Hooks(on_trial, on_step), clock=clock)
    return found
