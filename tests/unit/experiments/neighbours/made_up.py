"""A backend on which neighbours work at once, and trials with numbers that are made up."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd

from labkit.errors import BackendError
from labkit.experiments.neighbours.measure import measure
from labkit.experiments.neighbours.placement import Cpus
from labkit.experiments.neighbours.records import KINDS, NeighboursPlan, NeighbourTrial
from labkit.guest.protocol import Answer, Outcome, Request, Script
from labkit.image import LabImage
from labkit.measure.session import Session
from labkit.record import Record
from labkit.recordings import tables
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock, FakeInstance

TWO, ONE = Cpus(0, 0), Cpus(0, None)  # CPU 0 is there on any computer


class Working(FakeInstance):
    """Answers at once; one that shall hold its memory is refused what it asks for."""

    def __init__(self, scene: Scene, limits: Limits) -> None:
        self._scene, self._limits = scene, limits
        self.port = 1 if limits.network else None

    def wait_ready(self, timeout: float = 0) -> None: ...

    def stop(self) -> None: ...

    def run(self, request: Request, on_begin: Callable[[], None] = lambda: None) -> Answer:
        on_begin()
        if self._scene.neighbour_fails:
            raise BackendError("it broke", details="on purpose")
        now = HostClock().now()
        self._scene.worked.set()
        return Answer(now, now, 0, 64 if not self._scene.idle else 0)

    @contextmanager
    def running(self, request: Request) -> Iterator[None]:
        yield

    def shell(self, script: Script) -> Outcome:
        refused = "512M" in script.text and self._limits.memory_mib <= 256
        self._scene.worked.set()
        return Outcome(0.1, 137 if refused else 0, b"", b"")


class Scene(FakeBackend):
    """A backend whose instances are `Working`, and what was seen of them."""

    publishes = True
    limits_disk = True
    about_s = 0.1

    def __init__(self, name: str = "docker", **more: Any) -> None:
        super().__init__(name, clock=FakeClock(), **more)
        self.neighbour_fails = self.idle = False
        self.worked = threading.Event()
        self.limits: list[Limits] = []

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Any) -> Iterator[Any]:
        self.limits.append(limits)
        with super().launch(image, limits, timeline):
            yield Working(self, limits)


def plan_of(scene: Scene, **choices: Any) -> NeighboursPlan:
    usual = {"backends": (scene.name,), "kinds": KINDS, "blocks": 2, "requests": 5, "seed": 1}
    return NeighboursPlan(**{**usual, **choices})


def session_of(scene: Scene, before: Sequence[Record] = ()) -> Session:
    backends = {scene.name: scene}
    return Session(NO_IMAGE, NO_IMAGE, backends, clock=HostClock(), before={"trials": before})


def measured(
    scene: Scene, cpus: Cpus = TWO, *, before: Sequence[Record] = (), **choices: Any
) -> list[NeighbourTrial]:
    batches = measure(plan_of(scene, **choices), session_of(scene, before), cpus)
    rows = [row for batch in batches for row in batch["trials"]]
    return [row for row in rows if isinstance(row, NeighbourTrial)]


def frame(trials: Sequence[Record]) -> pd.DataFrame:
    return tables.frame(trials, NeighbourTrial)


def made_up(n: int = 10, backends: tuple[str, ...] = ("host", "docker")) -> pd.DataFrame:
    noisy = random.Random(1)
    slower = {"alone": 1.0, "unlimited": 2.0, "limited": 1.0}
    rows: list[NeighbourTrial] = []
    for block in range(1, n + 1):
        for name in backends:
            pace = noisy.uniform(0.5, 2)  # the block's own: it must cancel out
            for kind in KINDS:
                for condition, factor in slower.items():
                    took = 0.02 * pace * factor * noisy.uniform(0.98, 1.02)
                    beside = condition != "alone"
                    rows.append(
                        NeighbourTrial(
                            trial=len(rows) + 1,
                            block=block,
                            backend=name,
                            family="baseline" if name == "host" else "container",
                            engine="native",
                            kind=kind,
                            condition=condition,
                            status="ok",
                            requests_per_s=1 / took,
                            p50_s=took,
                            p95_s=took * 2,
                            slowest_s=took * 3,
                            neighbour_mib=100.0 if beside else None,
                            neighbour_refused=2 if beside else None,
                            neighbour_seconds=2.0 if beside else None,
                        )
                    )
    return frame(rows)
