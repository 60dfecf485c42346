"""A look into a container engine while a container runs: its processes, and a start's events."""

from __future__ import annotations

import os
from collections.abc import Iterator

from labkit.backends.base import Backend
from labkit.backends.timeline import Timeline
from labkit.experiments.base import Batches
from labkit.experiments.docker_internals import killed_daemon, processes, start_events
from labkit.experiments.docker_internals.records import DockerInternalsPlan
from labkit.measure.session import Session
from labkit.recordings.facts import Limits
from labkit.recordings.kind import Rows

BACKEND = "docker-cli"


def measure(plan: DockerInternalsPlan, session: Session) -> Batches:
    """The processes are a batch, and the events another."""
    parts = _killed(session) if plan.killed_daemon else _looks(plan, session)
    yield from parts
    return "plan"


def _looks(plan: DockerInternalsPlan, session: Session) -> Iterator[Rows]:
    backend = session.backends[BACKEND]
    if not session.before.get("tree"):
        session.say("a container runs: its processes and sockets")
        yield _tree(backend, session)
    if not session.before.get("events"):
        events = start_events.record(
            backend,
            session.image,
            trials=plan.trials,
            on_trial=lambda trial: session.say(f"events: start {trial} of {plan.trials}"),
        )
        yield {"events": events}


def _killed(session: Session) -> Iterator[Rows]:
    if not session.before.get("survivors"):
        session.say("a Docker daemon of the lab's own begins, and is killed")
        with killed_daemon.killed(session.image) as aftermath:
            rows = aftermath.rows()
        yield rows


def _tree(backend: Backend, session: Session) -> Rows:
    with backend.launch(session.image, Limits(), Timeline(session.clock)) as instance:
        instance.wait_ready(session.ready_timeout)
        known = {os.getpid(): "the lab", **processes.roles(instance, backend.services())}
        tree = processes.process_tree(known)
        connections = processes.connections(tree)
        instance.stop()
    return {"tree": tree, "connections": connections}
