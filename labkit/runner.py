"""Plan → interleaved blocks → trials.

A block is one trial of each backend in random order, so that what drifts on the computer (its
temperature, its caches, its neighbours) meets all backends alike. The order follows the seed.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from labkit import host
from labkit.backends import Backend, Instance
from labkit.backends.base import READY_TIMEOUT_S, Meter
from labkit.errors import LabError
from labkit.image import LabImage
from labkit.process import Clock, HostClock
from labkit.protocol import Answer
from labkit.records import (
    Engine,
    Family,
    Milestone,
    Plan,
    Requests,
    Result,
    Sample,
    Stage,
    Trial,
)
from labkit.sampler import HOST, Reading, Sampler
from labkit.store import TrialRecords
from labkit.timeline import Timeline
from labkit.web import Visit
from labkit.workloads import Task, parse_task

# What runs on a kernel of its own. Elsewhere the agent sees the host's memory: no cost of it.
GUESTS: tuple[Family, ...] = ("hypervisor", "host-virtualization")
# What the agent tells, before a workload's begin line, and before the end line of one that holds.
GUEST = Meter("guest", "instance")


@dataclass(frozen=True)
class Step:
    """A place in the schedule: which backend, in which block. Warm-ups are block 0."""

    trial: int
    block: int
    backend: str

    @property
    def stage(self) -> Stage:
        return "measured" if self.block else "warmup"


def blocks(plan: Plan) -> Iterator[list[Step]]:
    """The warm-ups if there are any, then the blocks, and beyond the plan further ones without
    end. The same seed gives the same order, also to a run that is resumed."""
    first = 1
    for block, names in _rounds(plan):
        random.Random(f"{plan.seed} {first}").shuffle(names)  # noqa: S311  an order, not a secret
        yield [Step(first + i, block, name) for i, name in enumerate(names)]
        first += len(names)


def _rounds(plan: Plan) -> Iterator[tuple[int, list[str]]]:
    """(block, backends in the plan's order)."""
    for count in range(max(plan.warmups.values(), default=0)):
        yield 0, [name for name in plan.backends if plan.warmups.get(name, 0) > count]
    planned = max(plan.trials.values())
    for block in itertools.count(1):
        beyond = block > planned
        yield block, [name for name in plan.backends if beyond or plan.trials[name] >= block]


def schedule(plan: Plan) -> list[Step]:
    """All planned trials in their order."""
    planned = max(plan.trials.values())
    rounds = itertools.takewhile(lambda steps: steps[0].block <= planned, blocks(plan))
    return [step for steps in rounds for step in steps]


@dataclass(frozen=True)
class Hooks:
    """What a run calls on its way: before each trial, after it, and when the planned blocks are
    done, to ask whether there shall be one more."""

    on_trial: Callable[[TrialRecords], None]
    on_step: Callable[[Step], None] = lambda step: None
    one_more: Callable[[], bool] = lambda: False


def execute(
    plan: Plan,
    backends: Mapping[str, Backend],
    image: LabImage,
    hooks: Hooks,
    *,
    done: Collection[int] = (),
    clock: Clock | None = None,
    ready_timeout: float = READY_TIMEOUT_S,
) -> bool:
    """Runs a plan, but for the trials that are `done`. Each trial is handed on as soon as it
    ended, failed ones too. False when every backend has failed.

    A backend whose trial failed is not tried again in this run: what broke it (a dead daemon, a
    kernel that hangs) would most likely break the rest, each time after the whole time limit.
    """
    clock = clock or HostClock()
    engines = {name: backend.engine(image) for name, backend in backends.items()}
    tasks = [parse_task(text) for text in plan.workloads]
    planned = max(plan.trials.values())
    broken: set[str] = set()
    for steps in blocks(plan):
        if len(broken) == len(plan.backends):
            return False
        if steps[0].block > planned and steps[0].trial not in done and not hooks.one_more():
            return True
        for step in steps:
            if step.backend in broken or step.trial in done:
                continue
            hooks.on_step(step)
            trial = _OneTrial(step, backends[step.backend], engines[step.backend], clock)
            records = trial.perform(image, plan, tasks, ready_timeout)
            hooks.on_trial(records)
            if records.trial.status == "failed":
                broken.add(step.backend)
    raise AssertionError("the blocks have no end")


class _OneTrial:
    """One start of one backend, to its stop, and what is noted on the way."""

    def __init__(self, step: Step, backend: Backend, engine: Engine, clock: Clock) -> None:
        self._step = step
        self._backend = backend
        self._engine = engine
        self._sampler = Sampler(clock)
        self._timeline = Timeline(clock)
        self._results: list[Result] = []
        self._requests: list[Requests] = []
        self._requested = 0.0

    def perform(
        self, image: LabImage, plan: Plan, tasks: Sequence[Task], ready_timeout: float
    ) -> TrialRecords:
        requested_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        conditions, steal = host.conditions(), host.Steal()
        error = None
        try:
            self._go(image, plan, tasks, ready_timeout)
        except LabError as problem:
            error = str(problem)
        startup = self._timeline.since_requested().get("ready")
        trial = Trial(
            trial=self._step.trial,
            block=self._step.block,
            stage=self._step.stage,
            backend=self._backend.name,
            family=self._backend.family,
            engine=self._engine,
            start=self._backend.start,
            status="ok" if error is None else "failed",
            requested_at=requested_at,
            startup_s=startup,
            **vars(conditions),
            steal_share=steal.share(),
            error=error,
        )
        return TrialRecords(
            trial, self._milestones(), self._results, self._samples(), self._requests
        )

    def _go(self, image: LabImage, plan: Plan, tasks: Sequence[Task], ready_timeout: float) -> None:
        with self._sampler:
            self._sampler.add((HOST, *self._backend.services()))
            self._sampler.take("requested")
            self._requested = self._timeline.clock.now()
            self._timeline.mark("requested", self._requested)
            with self._backend.launch(image, plan.limits, self._timeline) as instance:
                # A meter that cannot be had leaves its cells empty; the start itself goes on.
                with suppress(LabError):
                    self._sampler.add(instance.meters())
                instance.wait_ready(ready_timeout)
                with suppress(LabError):
                    self._sampler.add(instance.late_meters())
                self._sampler.take("ready")
                for task in tasks if self._step.stage == "measured" else ():
                    if task.workload.name not in self._backend.leaves_out():
                        self._work(instance, task, plan.seconds)
                self._sampler.take("stop_requested")
                instance.stop()

    def _work(self, instance: Instance, task: Task, seconds: float) -> None:
        name = task.workload.name
        visit = Visit(instance, task, seconds, self._timeline) if task.workload.network else None

        def on_begin() -> None:
            self._sampler.take(f"begin {name}")
            if visit:
                visit()

        answer = instance.run(visit.request() if visit else task.request(seconds), on_begin)
        self._sampler.take(f"end {name}")
        if visit:
            self._requests += visit.records(self._step.trial, self._backend.name)
        self._results.append(self._result(task, answer))
        if self._backend.family in GUESTS:
            for told in answer.memory:
                reading = Reading(guest_used_bytes=told.used_bytes)
                self._sampler.note(told.at, f"{told.edge} {name}", GUEST, reading)

    def _result(self, task: Task, answer: Answer) -> Result:
        seconds = answer.end - answer.begin
        units = None
        if answer.operations is not None:
            units = answer.operations / task.workload.ops_per_unit
        return Result(
            trial=self._step.trial,
            backend=self._backend.name,
            workload=task.workload.name,
            unit=task.workload.unit,
            ops=units,
            seconds=seconds,
            ops_per_s=units / seconds if units is not None and seconds > 0 else None,
            guest_seconds=answer.guest_seconds,
        )

    def _milestones(self) -> list[Milestone]:
        return [
            Milestone(trial=self._step.trial, backend=self._backend.name, milestone=name, at_s=at)
            for name, at in self._timeline.since_requested().items()
        ]

    def _samples(self) -> list[Sample]:
        return [
            Sample(
                trial=self._step.trial,
                backend=self._backend.name,
                meter=timed.meter.name,
                role=timed.meter.role,
                at_s=timed.at - self._requested,
                moment=timed.moment,
                **vars(timed.reading),
            )
            for timed in self._sampler.readings
        ]
