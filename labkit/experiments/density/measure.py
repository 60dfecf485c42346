"""The experiment: groups of instances that start, are read when all are ready, and are ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import psutil

from labkit.backends.base import Backend, broken
from labkit.backends.instance import Meter
from labkit.errors import LabError
from labkit.experiments.base import Batches
from labkit.experiments.density.planning import SETTLE_S, Cell, one_only, schedule
from labkit.experiments.density.records import DensityPlan, Group, Start
from labkit.experiments.density.starting import Starting, starting
from labkit.measure import cleanup, sampler
from labkit.measure.room import check_further, check_room
from labkit.measure.session import Session
from labkit.recordings.kind import Rows
from labkit.recordings.words import Engine
from labkit.system import host

UNREAD = "its PSS is only read by root, and by the user whose process it is"
# (bytes, why they are not known) of the memory of some meters.
Memory = tuple[int | None, str | None]


def measure(plan: DensityPlan, session: Session) -> Batches:
    """A batch a group, block by block; what is in `session.before` is not made again. A group that
    goes wrong has its reason; a backend of which a whole block went wrong takes no further part."""
    runner = _Runner(plan, session)
    for name in plan.backends:
        if why := one_only(name):
            session.leave_out(name, why)
    yield from runner.batches()
    return "plan" if any(row.status == "ok" for row in runner.groups.values()) else "failures"


@dataclass
class _Runner:
    plan: DensityPlan
    session: Session
    groups: dict[Cell, Group] = field(default_factory=dict)
    engines: dict[str, Engine | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, backend in self.session.backends.items():
            self.engines[name] = backend.engine(self.session.plain)
        for row in self.session.before.get("groups", ()):
            assert isinstance(row, Group)
            self.groups[cell_of(row)] = row

    def batches(self) -> Iterator[Rows]:
        for cell in schedule(self.plan):
            block, name, level, way = cell
            if (
                cell in self.groups
                or name not in self.session.backends
                or self._is_broken(name, block)
            ):
                continue
            self.session.say(f"block {block}: {name}, {level} {way}")
            starts, group = self._group(cell)
            self.groups[cell] = group
            yield {"starts": starts, "groups": [group]}

    def _is_broken(self, name: str, block: int) -> bool:
        """Whether all of its groups went wrong in a block before: it takes no further part."""
        mine = [row for row in self.groups.values() if row.backend == name and row.block < block]
        failed = {row.block for row in mine} - {row.block for row in mine if row.status != "failed"}
        if failed:
            self.session.leave_out(f"{name} after block {min(failed)}", "all of its groups failed")
        return bool(failed)

    def _group(self, cell: Cell) -> tuple[list[Start], Group]:
        starts: list[Start] = []
        try:
            self._check_room(cell)
        except LabError as error:
            return starts, self._row(cell, status="left out", error=str(error))
        try:
            return starts, self._row(cell, **self._started(cell, starts))
        except LabError as error:  # what could not be ended, or read
            return starts, self._row(cell, status="failed", error=str(error))

    def _check_room(self, cell: Cell) -> None:
        """What their limits allow, and what such instances have really taken here so far: a
        machine may take more than its own memory."""
        _, name, level, _ = cell
        check_room(self.session.backends[name].within(self.plan.limits), level)
        check_further(level, self._each_bytes(name))

    def _each_bytes(self, name: str) -> float:
        """The median of the largest groups so far: what one or a few take holds what services
        take once, and what else the computer did just then."""
        mine = [row for row in self.groups.values() if row.backend == name and row.status == "ok"]
        most = max((row.level for row in mine), default=0)
        return median([_each_bytes(row) for row in mine if row.level == most] or [0.0])

    def _started(self, cell: Cell, starts: list[Start]) -> dict[str, Any]:
        """Starts a group, notes each of its instances, reads all of them, and ends them."""
        _, name, level, way = cell
        backend, clock = self.session.backends[name], self.session.clock
        limits = backend.within(self.plan.limits)
        services, available = _read([], backend), host.memory_available()
        spent = host.cpu_s()
        with starting(
            lambda timeline: backend.launch(self.session.plain, limits, timeline),
            level,
            way,
            clock,
            self.session.ready_timeout,
            lambda: cleanup.sweep([backend], mine=True),
        ) as requested:
            spent = host.cpu_s() - spent
            starts += _starts(cell, requested)
            if failed := next((row.error for row in starts if row.error), None):
                return {"status": "failed", "error": failed}
            clock.sleep(SETTLE_S)
            left = host.memory_available()
            memory, why = _grown(services, _read(requested, backend))
        return {
            "status": "ok",
            "all_ready_s": max(row.requested_s + (row.startup_s or 0) for row in starts),
            "memory_bytes": memory,
            "memory_why": why,
            "host_available_drop_bytes": available - left,
            "cpu_s": round(spent, 3),
        }

    def _row(self, cell: Cell, **figures: Any) -> Group:
        block, name, level, way = cell
        backend = self.session.backends[name]
        named = {"block": block, "backend": name, "level": level, "way": way}
        facts = {"family": backend.family, "engine": self.engines[name]}
        return Group.model_validate({**named, **facts, **figures})


def cell_of(group: Group) -> Cell:
    return group.block, group.backend, group.level, group.way


def _starts(cell: Cell, requested: list[Starting]) -> list[Start]:
    """A row for each that was requested. Raises what is no error of the lab's."""
    block, name, level, way = cell
    named = {"block": block, "backend": name, "level": level, "way": way}
    first = min(one.requested for one in requested)
    rows = []
    for number, one in enumerate(requested, 1):
        told: dict[str, Any] = {"instance": number, "requested_s": one.requested - first}
        try:
            one.ready.result()
            told["startup_s"] = one.startup_s
        except LabError as error:
            told["error"] = str(error)
        rows.append(Start.model_validate({**named, **told}))
    return rows


def _read(requested: list[Starting], backend: Backend) -> Memory:
    """Of instances that are ready, and of what they share."""
    try:
        meters = [meter for one in requested for meter in one.ready.result().all_meters()]
        return _memory([*meters, *backend.services()])
    except (LabError, psutil.Error) as error:  # one that has ended, or services that do not answer
        return None, broken(error).reason


def _memory(meters: Iterable[Meter]) -> Memory:
    """The PSS of all processes of these meters; not known where it is not of one of them."""
    total = 0
    for meter in meters:
        reading = sampler.read(meter)
        if reading.pss_bytes is None:
            ended = "it has ended" if meter.pids and not reading.processes else UNREAD
            return None, f"{meter.name}: {meter.why or ended}"
        total += reading.pss_bytes
    return total, None


def _grown(before: Memory, now: Memory) -> Memory:
    if before[0] is None or now[0] is None:
        return None, before[1] or now[1]
    return now[0] - before[0], None


def _each_bytes(group: Group) -> float:
    """What each instance of a group has taken of the computer's memory, as far as it is known."""
    size = group.memory_bytes
    if size is None:  # the rest of the computer takes and gives back memory, too
        size = group.host_available_drop_bytes or 0
    return size / group.level
