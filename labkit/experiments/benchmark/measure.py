"""A run's trials, block by block; when to stop; then several instances at once, where the plan has
them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field

from labkit.experiments.base import Batches
from labkit.experiments.benchmark import instances
from labkit.measure import runner
from labkit.measure.plan import Plan
from labkit.measure.records import InstanceReading, Result, Trial, TrialRecords
from labkit.measure.schedule import Step
from labkit.measure.session import Session
from labkit.record import Record
from labkit.recordings import tables
from labkit.recordings.kind import Rows
from labkit.recordings.manifest import Reason


@dataclass
class SoFar:
    """The trials that there are, and what their workloads did."""

    trials: list[Record] = field(default_factory=list)
    results: list[Record] = field(default_factory=list)

    def precision(self) -> float:
        """The widest interval of a ratio, as a part of that ratio."""
        from labkit.experiments.benchmark.stats.precision import precision  # pandas and scipy

        return precision(tables.frame(self.trials, Trial), tables.frame(self.results, Result))

    def done(self) -> set[int]:
        return {trial.trial for trial in self.trials if isinstance(trial, Trial)}

    def failed(self) -> set[str]:
        """The backends of which a trial failed."""
        rows = (trial for trial in self.trials if isinstance(trial, Trial))
        return {trial.backend for trial in rows if trial.status == "failed"}


def measure(plan: Plan, session: Session) -> Batches:
    """A batch a trial, and one for each backend that has several instances; what is in
    `session.before` is not done again."""
    so_far = SoFar(list(session.before.get("trials", ())), list(session.before.get("results", ())))
    more = More(plan, session, so_far.precision)
    trials = runner.execute(
        plan,
        session.backends,
        session.image,
        done=so_far.done(),
        unsaved=session.unsaved,
        on_step=lambda step: session.say(_place(plan, step)),
        one_more=more,
        clock=session.clock,
        ready_timeout=session.ready_timeout,
        watch=session.watch,
    )
    if not (yield from _noted(trials, so_far, session)):
        return "failures"
    yield from _several(plan, session, so_far.failed())
    return more.reason


def _noted(
    trials: Generator[TrialRecords, None, bool], so_far: SoFar, session: Session
) -> Generator[Rows, None, bool]:
    """The trials as batches; what the runner returns."""
    while True:
        try:
            records = next(trials)
        except StopIteration as end:
            return bool(end.value)
        so_far.trials.append(records.trial)
        so_far.results += records.results
        session.left_out |= records.unread
        yield records.rows()


def _several(plan: Plan, session: Session, failed: set[str]) -> Iterator[Rows]:
    """Several instances of each backend that the plan has them of, but for those that were there
    before."""
    before = session.before.get("instances", ())
    done = {row.backend for row in before if isinstance(row, InstanceReading)}
    for name, count in plan.instances.items():
        if name in done | failed:
            continue
        session.say(f"{count} instances at once: {name:<8}")
        backend, patience = session.backends[name], session.ready_timeout
        readings = instances.measure(
            backend, session.image, plan.limits, count, ready_timeout=patience
        )
        yield {"instances": readings}


def _place(plan: Plan, step: Step) -> str:
    if step.stage == "warmup":
        return f"warm-up: {step.backend:<8}"
    planned = max(plan.trials.values())
    place = f"{step.block}/{planned}" if step.block <= planned else f"{step.block}"
    return f"block {place}: {step.backend:<8}"


class More:
    """Asked after the planned blocks; in the end `reason` says why there are no more.

    precision: the widest interval of a ratio so far, as a part of that ratio.
    """

    def __init__(self, plan: Plan, session: Session, precision: Callable[[], float]) -> None:
        self.reason: Reason = "plan"
        self._plan = plan
        self._session = session
        self._precision = precision
        self._began = self._asked = session.clock.now()

    def __call__(self) -> bool:
        if self._plan.until_precision is None or self._plan.budget_s is None:
            return False
        now = self._session.clock.now()
        blocks = 1 if self._asked > self._began else max(self._plan.trials.values())
        block_s, self._asked = (now - self._asked) / blocks, now
        reached = self._precision()
        if reached <= self._plan.until_precision:
            self.reason = "precision"
        elif now - self._began + block_s > self._plan.budget_s:
            self.reason = "time budget"
        else:
            self._session.expect(len(self._plan.backends))
            self._session.say(f"widest interval {reached:.0%}")
            return True
        return False
