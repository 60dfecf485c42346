"""Where the time of a `docker run` goes: the engine's own events between request and ready."""

from __future__ import annotations

import time
from collections.abc import Callable

import pandas as pd

from labkit.backends import make_backend
from labkit.backends.docker_events import Event, containerd_watched, docker_events
from labkit.image import LabImage
from labkit.process import HostClock
from labkit.records import Limits
from labkit.timeline import Timeline

COLUMNS = ["trial", "backend", "source", "event", "at_s"]


def record(
    image: LabImage,
    *,
    backend: str = "docker-cli",
    trials: int = 10,
    limits: Limits | None = None,
    on_trial: Callable[[int], None] = lambda trial: None,
) -> pd.DataFrame:
    """Starts and stops a container `trials` times; one row an event: trial, backend, source
    (lab, dockerd, containerd), event, at_s (seconds since the request). A first start, to fill
    the caches, is not in it. All events are on the host's wall clock; one that is stepped
    meanwhile would show as an event before the request.
    """
    engine = make_backend(backend)
    engine.prepare(image)
    starts: list[tuple[float, float]] = []
    began = time.time()
    with containerd_watched() as by_containerd:
        for trial in range(trials + 1):
            on_trial(trial)
            starts.append(_start(backend, image, limits or Limits()))
    by_dockerd = docker_events(began, time.time())
    rows = []
    for trial, (requested, ready) in list(enumerate(starts))[1:]:
        found = _between(by_dockerd + by_containerd, requested, ready)
        rows += [(trial, backend, "lab", "requested", 0.0)]
        rows += [(trial, backend, e.source, e.event, e.at - requested) for e in found]
        rows += [(trial, backend, "lab", "ready", ready - requested)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _start(backend: str, image: LabImage, limits: Limits) -> tuple[float, float]:
    """When a container was requested and ready, on the wall clock."""
    timeline = Timeline(HostClock())
    requested = time.time()
    timeline.mark("requested")
    with make_backend(backend).launch(image, limits, timeline) as instance:
        instance.wait_ready()
        instance.stop()
    return requested, requested + timeline.since_requested()["ready"]


def _between(events: list[Event], requested: float, ready: float) -> list[Event]:
    """The events of the container that dockerd created in this time, in their order. The first
    of each kind counts; dockerd may report the start a moment after the program is ready."""
    created = [e for e in events if e.event == "container create" and requested <= e.at <= ready]
    first: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: event.at):
        if created and event.container == created[0].container and event.at <= ready:
            first.setdefault(event.event, event)
    return list(first.values())
