"""Where the time of a `docker run` goes: the engine's own events between request and ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from labkit.backends.base import Backend
from labkit.backends.docker.events import Event, containerd_watched, docker_events
from labkit.backends.timeline import Timeline
from labkit.experiments.docker_internals.records import Source, StartEvent
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock


def record(
    backend: Backend,
    image: LabImage,
    *,
    trials: int,
    on_trial: Callable[[int], None] = lambda trial: None,
) -> list[StartEvent]:
    """Starts and stops a container `trials` times; one row an event. A first start, to fill the
    caches, is not in it. All events are on the host's wall clock; one that is stepped meanwhile
    would show as an event before the request.
    """
    starts: list[tuple[float, float]] = []
    began = time.time()
    with containerd_watched() as by_containerd:
        for trial in range(trials + 1):
            on_trial(trial)
            starts.append(_start(backend, image))
    by_dockerd = docker_events(began, time.time())
    return [
        StartEvent(trial=trial, backend=backend.name, source=source, event=event, at_s=at)
        for trial, (requested, ready) in list(enumerate(starts))[1:]
        for source, event, at in _events(by_dockerd + by_containerd, requested, ready)
    ]


def _start(backend: Backend, image: LabImage) -> tuple[float, float]:
    """When a container was requested and ready, on the wall clock."""
    timeline = Timeline(HostClock())
    requested = time.time()
    timeline.mark("requested")
    with backend.launch(image, Limits(), timeline) as instance:
        instance.wait_ready()
        instance.stop()
    return requested, requested + timeline.since_requested()["ready"]


def _events(
    events: list[Event], requested: float, ready: float
) -> Iterator[tuple[Source, str, float]]:
    """(source, event, seconds since the request) of one start, from the request to ready."""
    yield "lab", "requested", 0.0
    for event in _between(events, requested, ready):
        yield event.source, event.event, event.at - requested
    yield "lab", "ready", ready - requested


def _between(events: list[Event], requested: float, ready: float) -> list[Event]:
    """The events of the container that dockerd created in this time, in their order. The first
    of each kind counts; dockerd may report the start a moment after the program is ready."""
    created = [e for e in events if e.event == "container create" and requested <= e.at <= ready]
    first: dict[str, Event] = {}
    for event in sorted(events, key=lambda event: event.at):
        if created and event.container == created[0].container and event.at <= ready:
            first.setdefault(event.event, event)
    return list(first.values())
