"""A backend on which neighbours work at once, and trials with numbers that are made up."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pandas as pd

from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.neighbours import KINDS, NeighbourTrial, frame, plan
from labkit.neighbours.experiment import Images, perform
from labkit.neighbours.placement import Cpus
from labkit.process import HostClock
from labkit.protocol import Answer, Outcome, Request, Script
from labkit.records import Limits
from tests.unit.fakes import FakeBackend, FakeClock, FakeInstance

IMAGES = cast(Images, type("_", (), {"plain": None, "networked": None})())
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
        if request.workload == "http":
            return Answer(0, 1, 1, None)
        if self._scene.neighbour_fails:
            raise BackendError("it broke", details="on purpose")
        now = HostClock().now()
        self._scene.worked.set()
        return Answer(now, now, 0, 64 if not self._scene.idle else 0)

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


def measured(scene: Scene, cpus: Cpus = TWO, **choices: Any) -> list[NeighbourTrial]:
    found: list[NeighbourTrial] = []
    chosen = plan.Neighbours(
        **{
            "backends": (scene.name,),
            "kinds": KINDS,
            "blocks": 2,
            "requests": 5,
            "seed": 1,
            **choices,
        }
    )
    perform(chosen, {scene.name: scene}, IMAGES, cpus, found.append)
    return found


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
