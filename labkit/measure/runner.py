"""Interleaved blocks → trials."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from datetime import UTC, datetime

import psutil

from labkit.backends.base import Backend, broken
from labkit.backends.instance import READY_TIMEOUT_S, Instance, Meter
from labkit.backends.piped import plain_path
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout, LabError
from labkit.guest.protocol import Answer
from labkit.guest.workload import Task, parse_task
from labkit.image import LabImage
from labkit.measure import held
from labkit.measure.plan import Plan
from labkit.measure.program_work import ProgramWork, metrics
from labkit.measure.records import (
    Milestone,
    ProgramMetric,
    Report,
    Requests,
    Result,
    Sample,
    Trial,
    TrialRecords,
)
from labkit.measure.sampler import HOST, Reading, Sampler
from labkit.measure.schedule import Step, blocks
from labkit.measure.web.visit import Visit
from labkit.recordings.words import OWN_KERNEL, Engine
from labkit.system import host
from labkit.system.clock import Clock, HostClock
from labkit.system.interruptions import Watch
from labkit.system.limits import Held

# What the agent tells before a workload's begin line, and before the end line of one that holds: of
# a kernel of its own. Elsewhere it sees the host's memory, which is no cost of it.
GUEST = Meter("guest", "instance")


def execute(
    plan: Plan,
    backends: Mapping[str, Backend],
    image: LabImage,
    *,
    done: Collection[int] = (),
    unsaved: Mapping[str, str] | None = None,
    unmetered: Collection[str] = (),
    on_step: Callable[[Step], None] = lambda step: None,
    one_more: Callable[[], bool] = lambda: False,
    clock: Clock | None = None,
    ready_timeout: float = READY_TIMEOUT_S,
    watch: Watch | None = None,
) -> Generator[TrialRecords, None, bool]:
    """Runs a plan, but for the trials that are `done`, and yields each trial as soon as it ended,
    failed ones too. Returns False when every backend has failed.

    unsaved: backend → why there is no saved state to start it from. unmetered: backends whose own
    meters are not read. on_step is called before each trial, one_more when the planned blocks are
    done: whether there shall be another.

    A backend whose trial failed is not tried again in this run: what broke it (a dead daemon, a
    kernel that hangs) would most likely break the rest, each time after the whole time limit. One
    that was disturbed tells nothing about its backend.
    """
    clock = clock or HostClock()
    engines = {name: backend.engine(image) for name, backend in backends.items()}
    # Asked before anything is measured: some look for that at their daemon.
    unsupported = {name: backend.all_unsupported() for name, backend in backends.items()}
    tasks = [parse_task(text) for text in plan.workloads]
    planned = max(plan.trials.values())
    watch = watch or Watch()
    broken: set[str] = set()
    for steps in blocks(plan):
        if len(broken) == len(plan.backends):
            return False
        if steps[0].block > planned and steps[0].trial not in done and not one_more():
            return True
        for step in steps:
            if step.backend in broken or step.trial in done:
                continue
            on_step(step)
            metered = step.backend not in unmetered
            backend, engine = backends[step.backend], engines[step.backend]
            trial = _OneTrial(step, backend, engine, clock, metered, watch)
            trouble = (unsaved or {}).get(step.backend)
            possible = [one for one in tasks if one.workload.name not in unsupported[step.backend]]
            records = trial.perform(image, plan, possible, ready_timeout, trouble)
            if records.trial.status == "failed":
                broken.add(step.backend)
            yield records
    raise AssertionError("the blocks have no end")


class _OneTrial:
    """One start of one backend, to its stop, and what is noted on the way."""

    def __init__(
        self,
        step: Step,
        backend: Backend,
        engine: Engine,
        clock: Clock,
        metered: bool,
        watch: Watch,
    ) -> None:
        self._step = step
        self._metered = metered
        self._watch = watch
        self._backend = backend
        self._engine = engine
        self._sampler = Sampler(clock)
        self._timeline = Timeline(clock)
        self._results: list[Result] = []
        self._requests: list[Requests] = []
        self._metrics: list[ProgramMetric] = []
        self._reports: list[Report] = []
        self._requested = 0.0
        self._unread: dict[str, str] = {}
        self._held = Held()

    def perform(
        self,
        image: LabImage,
        plan: Plan,
        tasks: Sequence[Task],
        ready_timeout: float,
        unsaved: str | None = None,
    ) -> TrialRecords:
        self._watch.take()  # what was before is in no figure
        requested_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        conditions, steal = host.conditions(), host.Steal()
        error = None
        try:
            if unsaved is not None:
                raise BackendError("there is no saved state to resume from", details=unsaved)
            self._go(image, plan, tasks, ready_timeout)
        except LabError as problem:
            error = str(problem)
        interruptions = self._watch.take()
        startup = self._timeline.since_requested().get("ready")
        trial = Trial(
            trial=self._step.trial,
            block=self._step.block,
            stage=self._step.stage,
            backend=self._step.backend,
            family=self._backend.family,
            engine=self._engine,
            start=self._backend.start,
            status="disturbed" if str(interruptions) else "ok" if error is None else "failed",
            requested_at=requested_at,
            startup_s=startup,
            **vars(conditions),
            steal_share=steal.share(),
            error=error,
            held_memory_bytes=self._held.memory_bytes,
            held_cpus=self._held.cpus,
            **vars(interruptions),
        )
        return TrialRecords(
            trial,
            self._milestones(),
            self._results,
            self._samples(),
            self._requests,
            self._metrics,
            self._reports,
            self._unread,
        )

    def _go(self, image: LabImage, plan: Plan, tasks: Sequence[Task], ready_timeout: float) -> None:
        with self._sampler:
            self._sampler.add([HOST])
            self._add(self._backend.services)
            self._sampler.take("requested")
            self._requested = self._timeline.clock.now()
            self._timeline.mark("requested", self._requested)
            limits = self._backend.within(plan.limits)
            with self._backend.launch(image, limits, self._timeline) as instance:
                self._add(instance.meters)
                instance.wait_ready(ready_timeout)
                self._add(instance.late_meters)
                self._sampler.take("ready")
                for task in tasks if self._step.stage == "measured" else ():
                    if task.workload.program:
                        self._let_report(instance, task, plan.seconds, image)
                    else:
                        self._work(instance, task, plan.seconds)
                self._sampler.take("stop_requested")
                if self._metered:  # last: to ask inside is work, too
                    self._held = held.read(
                        instance, self._backend.family, limits, self._sampler.meters
                    )
                if self._step.stage == "measured":
                    self._ask(instance)
                instance.stop()

    def _add(self, meters: Callable[[], tuple[Meter, ...]]) -> None:
        """A meter that cannot be had leaves its cells empty, with the reason; the start goes on."""
        if not self._metered:
            return
        what = f"{self._step.backend}, memory and CPU"
        try:
            new = meters()
        except (LabError, psutil.Error) as error:
            self._unread[what] = broken(error).reason
            return
        self._sampler.add(new)
        self._unread |= {f"{what} of {meter.name}": meter.why for meter in new if meter.why}

    def _work(self, instance: Instance, task: Task, seconds: float) -> None:
        name = task.workload.name
        visit = Visit(instance, task, seconds, self._timeline) if task.workload.network else None

        def on_begin() -> None:
            self._sampler.take(f"begin {name}")
            if visit:
                visit()

        answer = instance.run(visit.request() if visit else task.request(seconds), on_begin)
        if visit:
            self._requests += visit.records(self._step.trial, self._step.backend)
        self._note(task, answer)

    def _let_report(self, instance: Instance, task: Task, seconds: float, image: LabImage) -> None:
        """A program that fails leaves its figures empty, with the reason; the trial goes on. One
        that is not heard of any more ends it."""
        try:
            with plain_path(image.rootfs) as rootfs:
                work = ProgramWork(instance, task, seconds, rootfs)

                def on_begin() -> None:
                    self._sampler.take(f"begin {task.label}")
                    work.ask()

                self._note(task, instance.run(work.request(), on_begin))
            self._reports.append(work.read(self._step.trial, self._step.backend))
            self._metrics += metrics(self._reports[-1])
        except GuestTimeout:
            raise
        except BackendError as error:
            self._unread[f"{self._step.backend}, {task.label}"] = broken(error).reason

    def _ask(self, instance: Instance) -> None:
        """What it says of itself. Where it does not, its figures stay empty, with the reason."""
        trial, backend = self._step.trial, self._step.backend
        try:
            for program, text in instance.told().items():
                told = Report(
                    trial=trial, backend=backend, workload=program, program=program, text=text
                )
                self._reports.append(told)
                self._metrics += metrics(told)
        except BackendError as error:
            self._unread[f"{backend}, what it says of its boot"] = broken(error).reason

    def _note(self, task: Task, answer: Answer) -> None:
        name = task.label
        self._sampler.take(f"end {name}")
        self._results.append(self._result(task, answer))
        if self._backend.family in OWN_KERNEL:
            for memory in answer.memory:
                reading = Reading(guest_used_bytes=memory.used_bytes)
                self._sampler.note(memory.at, f"{memory.edge} {name}", GUEST, reading)

    def _result(self, task: Task, answer: Answer) -> Result:
        seconds = answer.end - answer.begin
        units = None
        if answer.operations is not None:
            units = answer.operations / task.workload.ops_per_unit
        return Result(
            trial=self._step.trial,
            backend=self._step.backend,
            workload=task.label,
            unit=task.workload.unit,
            ops=units,
            seconds=seconds,
            ops_per_s=units / seconds if units is not None and seconds > 0 else None,
            guest_seconds=answer.guest_seconds,
        )

    def _milestones(self) -> list[Milestone]:
        return [
            Milestone(trial=self._step.trial, backend=self._step.backend, milestone=name, at_s=at)
            for name, at in self._timeline.since_requested().items()
        ]

    def _samples(self) -> list[Sample]:
        return [
            Sample(
                trial=self._step.trial,
                backend=self._step.backend,
                meter=timed.meter.name,
                role=timed.meter.role,
                at_s=timed.at - self._requested,
                moment=timed.moment,
                **vars(timed.reading),
            )
            for timed in self._sampler.readings
        ]
