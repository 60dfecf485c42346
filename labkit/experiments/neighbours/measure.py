"""The experiment: a victim that serves, alone and with neighbours that take what it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, LabError
from labkit.experiments.base import Batches
from labkit.experiments.neighbours import placement, planning
from labkit.experiments.neighbours.noise import Noise, noise
from labkit.experiments.neighbours.placement import Cpus
from labkit.experiments.neighbours.planning import Group
from labkit.experiments.neighbours.records import Condition, Kind, NeighboursPlan, NeighbourTrial
from labkit.experiments.neighbours.victim import Served, Victim, prepare, serving
from labkit.measure import held
from labkit.measure.session import Session
from labkit.recordings.facts import Limits
from labkit.system import host

# (block, backend, kind, condition) of a trial: there is one of each.
Cell = tuple[int, str, Kind, Condition]
TRIES = 3  # of a condition in which the lab stood still, or a clock was set


class Disturbed(BackendError):
    """What was measured is no figure, and nothing is broken."""


def measure(plan: NeighboursPlan, session: Session, cpus: Cpus | None = None) -> Batches:
    """A batch a trial, block by block; what is in `session.before` is not made again. One that
    goes wrong has its reason and no figures; a backend whose victim fails takes no further part."""
    runner = _Runner(plan, session, cpus or placement.choose())
    for trial in runner.trials():
        yield {"trials": [trial]}
    return "plan" if runner.succeeded else "failures"


@dataclass
class _Runner:
    plan: NeighboursPlan
    session: Session
    cpus: Cpus
    made: dict[Cell, str] = field(default_factory=dict)
    # What a request of each group's victim asks for: the same under all of its conditions.
    amounts: dict[tuple[int, str, Kind], int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for row in self.session.before.get("trials", ()):
            assert isinstance(row, NeighbourTrial)
            self.made[cell_of(row)] = row.status
            if row.amount is not None:
                self.amounts[row.block, row.backend, row.kind] = row.amount
        self.empty = {
            name: planning.left_out(backend, self.plan.kinds, self.cpus)
            for name, backend in self.session.backends.items()
        }

    @property
    def succeeded(self) -> bool:
        return "ok" in self.made.values()

    def trials(self) -> Iterator[NeighbourTrial]:
        yield from self._left_out()
        for group in planning.schedule(self.plan):
            self.session.say(f"block {group.block}: {group.backend}, {group.kind}")
            yield from self._group(group)

    def _left_out(self) -> Iterator[NeighbourTrial]:
        """A row with the reason for each cell that has to stay empty."""
        for name, cells in self.empty.items():
            for (kind, condition), reason in cells.items():
                cell = (0, name, kind, condition)
                if cell not in self.made:
                    yield self._trial(cell, {"status": "left out", "error": reason})

    def _group(self, group: Group) -> Iterator[NeighbourTrial]:
        """One victim, under each of its conditions that there is no trial of yet."""
        cells = [
            cell
            for condition in group.conditions
            if (cell := (group.block, group.backend, group.kind, condition)) not in self.made
            and (group.kind, condition) not in self.empty[group.backend]
        ]
        if not cells or group.backend in self.broken:
            return
        amount = self.amounts.get((group.block, group.backend, group.kind))
        try:
            with self._instance(group.backend, planning.VICTIM, self.cpus.victim) as instance:
                with serving(instance, group.kind, self.session.clock, amount) as victim:
                    for cell in cells:
                        yield self._condition(cell, victim)
                instance.stop()
        except LabError as error:
            self.broken.add(group.backend)
            for cell in cells:
                if cell not in self.made:
                    yield self._trial(cell, _failed(error))

    def _condition(self, cell: Cell, victim: Victim, tries: int = TRIES) -> NeighbourTrial:
        _, name, _, condition = cell
        facts: dict[str, Any] = {"amount": victim.amount, "load_1m": host.load()}
        requests = planning.requests_of(self.session.backends[name], self.plan)
        self.session.watch.take()
        try:
            if condition == "alone":
                served = self._answered(victim.serve(requests))
            else:
                served = self._with_neighbour(cell, victim, requests, facts)
        except LabError as error:
            if isinstance(error, Disturbed) and tries > 1:
                return self._condition(cell, victim, tries - 1)
            return self._trial(cell, {**facts, **_failed(error)})
        return self._trial(cell, {**facts, **served.figures(), "status": "ok"})

    def _with_neighbour(
        self, cell: Cell, victim: Victim, requests: int, facts: dict[str, Any]
    ) -> Served:
        """The victim's requests while a neighbour works; notes what that did meanwhile."""
        _, name, kind, condition = cell
        limits = planning.limits_of(kind, condition)
        cpu = planning.cpu_of(kind, condition, self.cpus)
        facts |= {
            "neighbour_cpu": cpu,
            "neighbour_memory_mib": limits.memory_mib,
            "neighbour_disk_mib_per_s": limits.disk_write_mib_per_s,
        }
        with self._instance(name, limits, cpu) as neighbour:
            prepare(neighbour, kind)
            with noise(neighbour, kind, self.session.clock) as working:
                served = self._answered(victim.serve(requests))
            done = _tally(working, served, kind, condition)
            neighbour.stop()
        facts |= done
        return served

    def _answered(self, served: Served) -> Served:
        if not served.latencies:
            raise BackendError("none of the victim's requests was answered")
        if what := str(self.session.watch.take()):
            raise Disturbed("the victim's requests were disturbed", details=what)
        return served

    @contextmanager
    def _instance(self, name: str, limits: Limits, cpu: int) -> Iterator[Instance]:
        """A ready instance on this CPU."""
        image = self.session.image if limits.network else self.session.plain
        timeline = Timeline(self.session.clock)
        timeline.mark("requested")
        with ExitStack() as running:
            with host.on_cpus({cpu}):
                launched = self.session.backends[name].launch(image, limits, timeline)
                instance = running.enter_context(launched)
            instance.wait_ready(self.session.ready_timeout)
            placement.require_on(instance, cpu)
            held.require(instance, self.session.backends[name].family, limits)
            yield instance

    def _trial(self, cell: Cell, figures: Mapping[str, Any]) -> NeighbourTrial:
        block, name, kind, condition = cell
        backend = self.session.backends[name]
        self.made[cell] = figures["status"]
        row = {
            "trial": len(self.made),
            **{"block": block, "backend": name, "kind": kind, "condition": condition},
            **{"family": backend.family, "engine": backend.engine(self.session.plain)},
            "victim_cpu": self.cpus.victim if figures["status"] != "left out" else None,
            **figures,
        }
        return NeighbourTrial.model_validate(row)


def cell_of(trial: NeighbourTrial) -> Cell:
    return trial.block, trial.backend, trial.kind, trial.condition


def _failed(error: LabError) -> dict[str, str]:
    return {"status": "failed", "error": str(error)}


def _tally(working: Noise, served: Served, kind: Kind, condition: Condition) -> dict[str, Any]:
    """What the neighbour did from the victim's first request on. One without limits that got
    nothing done is no neighbour."""
    done = working.since(served.begin)
    if condition == "unlimited" and not done.mib:
        raise BackendError(
            "the neighbour could not work", details=f"it was refused {done.refused} times ({kind})"
        )
    return {
        "neighbour_mib": done.mib,
        "neighbour_refused": done.refused,
        "neighbour_seconds": done.seconds,
    }
