"""Interleaved trials by the lab's own runner, with what the lab itself spent.

What the figures contain:
- `startup_s`: `requested` to `ready`, as in every run. It holds all that the lab does in between in
  its own process, such as a scratch folder or a connection to a daemon.
- without meters, a trial goes the same way through the same code: the sampler's thread is there,
  it only has nothing to read, and the meters are not looked up (which costs a request to a daemon,
  or a look at all processes).
- `lab_cpu_s`: CPU time of this process, all its threads, for a whole trial from before the first
  reading to after the clean-up. Not in it: child processes, daemons and machines, which the meters
  follow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from labkit.backends.base import Backend
from labkit.errors import BackendError
from labkit.experiments.selftest.plan import AGAIN, UNMETERED, bare
from labkit.experiments.selftest.records import Part, SelftestTrial
from labkit.measure import runner
from labkit.measure.plan import Plan
from labkit.measure.records import TrialRecords
from labkit.measure.schedule import Step
from labkit.measure.session import Session

CpuClock = Callable[[], float]


@dataclass(frozen=True)
class Observed:
    """A trial, and what this process spent from its beginning to its end."""

    records: TrialRecords
    lab_cpu_s: float
    wall_s: float

    def row(self, part: Part) -> SelftestTrial:
        trial = self.records.trial
        at = {milestone.milestone: milestone.at_s for milestone in self.records.milestones}
        return SelftestTrial(
            part=part,
            trial=trial.trial,
            block=trial.block,
            backend=bare(trial.backend),
            metered=not trial.backend.endswith(UNMETERED),
            second=trial.backend.endswith(AGAIN),
            startup_s=trial.startup_s,
            created_to_ready_s=at["ready"] - at["created"],
            ops_per_s=next((result.ops_per_s for result in self.records.results), None),
            lab_cpu_s=self.lab_cpu_s,
            wall_s=self.wall_s,
        )


def observe(
    plan: Plan,
    backends: Mapping[str, Backend],
    session: Session,
    *,
    done: Collection[int] = (),
    cpu_clock: CpuClock = time.process_time,
) -> Iterator[Observed]:
    """The trials of a plan, but for the warm-ups and those that are `done`; `backends` has those
    behind its names. Raises BackendError at the first trial that fails: a test of the lab needs
    all that it asked for."""
    began = (0.0, 0.0)

    def on_step(step: Step) -> None:
        nonlocal began
        session.say(f"{step.backend:<24}")
        began = (cpu_clock(), session.clock.now())

    trials = runner.execute(
        plan,
        {name: backends[bare(name)] for name in plan.backends},
        session.image,
        done=done,
        unsaved=session.unsaved,
        unmetered={name for name in plan.backends if name.endswith(UNMETERED)},
        on_step=on_step,
        clock=session.clock,
        ready_timeout=session.ready_timeout,
        watch=session.watch,
    )
    for records in trials:
        spent, took = cpu_clock() - began[0], session.clock.now() - began[1]
        trial = records.trial
        if trial.status == "failed":
            raise BackendError(
                f"a trial of {trial.backend} failed, so the selftest has no answer",
                details=trial.error or "",
                resolution="labkit doctor tells whether the backend is well; or leave it out: "
                "labkit selftest --backends …",
            )
        if trial.status == "disturbed":
            raise BackendError(
                f"a trial of {trial.backend} was disturbed, so the selftest has no answer yet",
                details="the lab or the computer stood still meanwhile, or its clock was set",
                resolution="go on with --resume: that makes this trial once more",
            )
        if trial.stage == "measured":
            yield Observed(records, spent, took)
