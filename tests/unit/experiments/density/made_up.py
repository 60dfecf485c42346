"""A backend whose instances get ready after a while, and groups with numbers that are made up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd

from labkit.backends.instance import Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.experiments.density.measure import measure
from labkit.experiments.density.planning import Cell
from labkit.experiments.density.records import WAYS, DensityPlan, Group, Start
from labkit.guest.protocol import Session as Conversation
from labkit.image import LabImage
from labkit.measure.session import Session
from labkit.record import Record
from labkit.recordings import tables
from labkit.recordings.facts import Limits
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock, FakeInstance, FakeStream

SMALL = Limits(memory_mib=64)
MIB = 2**20


class Ready(FakeInstance):
    """Is ready after `boot` seconds of the real clock."""

    def __init__(self, boot: float, clock: FakeClock, timeline: Timeline, meter: Meter) -> None:
        super().__init__(Conversation(FakeStream(clock, 0), clock), timeline)
        self._boot, self._meter = boot, meter

    def meters(self) -> tuple[Meter, ...]:
        return (self._meter,)

    def wait_ready(self, timeout: float = 0) -> None:
        time.sleep(self._boot)
        self._timeline.mark("ready")


class Crowd(FakeBackend):
    """Its launches are counted, and those that run at the same time; `on_launch` may break one.
    ended: the numbers of the instances in the order in which they were ended."""

    def __init__(self, name: str = "docker", *, boot: float = 0.01) -> None:
        super().__init__(name, clock=FakeClock(), boot=boot)
        self.lock = threading.Lock()
        self.running = self.most_running = 0
        self.ended: list[int] = []
        self.on_launch: Callable[[int], None] = lambda number: None
        self.meter = Meter("none", "instance")

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with self.lock:
            self.launched += 1
            number = self.launched
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            self.on_launch(number)
            yield Ready(self._boot, self._clock, timeline, self.meter)
        finally:
            with self.lock:
                self.running -= 1
                self.cleaned += 1
                self.ended.append(number)


def breaks(*numbers: int) -> Callable[[int], None]:
    def on_launch(number: int) -> None:
        if number in numbers:
            raise BackendError("it broke", details="on purpose")

    return on_launch


def plan_of(crowd: Crowd, **changes: Any) -> DensityPlan:
    usual = {"backends": (crowd.name,), "most": 4, "repeats": 1, "seed": 1, "limits": SMALL}
    return DensityPlan.model_validate({**usual, **changes})


def session_of(crowd: Crowd, before: Sequence[Record] = ()) -> Session:
    return Session(NO_IMAGE, NO_IMAGE, {crowd.name: crowd}, before={"groups": before})


def measured(
    crowd: Crowd, before: Sequence[Record] = (), **changes: Any
) -> tuple[list[Start], list[Group]]:
    starts: list[Any] = []
    groups: list[Any] = []
    for batch in measure(plan_of(crowd, **changes), session_of(crowd, before)):
        starts += batch["starts"]
        groups += batch["groups"]
    return starts, groups


def group(cell: Cell, all_ready_s: float, **values: Any) -> Group:
    block, backend, level, way = cell
    usual: dict[str, Any] = {
        **{"block": block, "backend": backend, "level": level, "way": way, "status": "ok"},
        **{"family": "container", "engine": "native", "all_ready_s": all_ready_s},
        **{"memory_bytes": (10 + 5 * level) * MIB, "host_available_drop_bytes": level * MIB},
        "cpu_s": 0.5 * level,
    }
    return Group.model_validate({**usual, **values})


def frame(groups: Sequence[Group]) -> pd.DataFrame:
    return tables.frame(groups, Group)


def together(rates: dict[int, float], blocks: int = 3) -> list[Group]:
    """Groups that start so many instances a second together, and one a second one by one."""
    return [
        group((block, "docker", level, way), level if way == "one by one" else level / rate)
        for block in range(1, blocks + 1)
        for level, rate in rates.items()
        for way in WAYS
    ]


def all_but(crowd: Crowd, wanted: tuple[str, int]) -> list[Any]:
    _, groups = measured(Crowd())
    return [row for row in groups if (row.way, row.level) != wanted]
