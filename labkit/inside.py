"""A look into a container engine while a container runs: its processes, and a start's events."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pandas as pd

from labkit import image, kept, orphans, proctree, start_events
from labkit.backends import make_backend, versions
from labkit.backends.base import Instance
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.kept import Kept
from labkit.process import HostClock
from labkit.records import Limits, Record
from labkit.timeline import Timeline

BACKEND = "docker-cli"
Kind = TypeVar("Kind", bound=Record)


def look(
    *, trials: int = 10, progress: bool = True, say: Callable[[str], None] = lambda message: None
) -> Kept:
    """The tree of processes while `docker run` runs the agent, the sockets that join them, and the
    events of so many starts. `say` is told how far it is. BackendError where that cannot run
    here."""
    backend = make_backend(BACKEND)
    if missing := backend.missing():
        raise BackendError(
            f"{BACKEND} cannot run here", details=missing.reason, resolution=missing.fix
        )
    built = image.build(progress=progress)
    backend.prepare(built)
    try:
        say("a container runs: its processes and sockets")
        tree, joints = _tree(built)
        events = start_events.record(
            built,
            backend=BACKEND,
            trials=trials,
            on_trial=lambda trial: say(f"events: start {trial} of {trials}"),
        )
    finally:
        orphans.sweep([backend], mine=True)
    return Kept(
        kept.describe(versions(BACKEND)), {"tree": tree, "joints": joints, "events": events}
    )


def records(found: Kept) -> dict[str, list[Any]]:
    """The tables as records, to be kept in data/reference/inside-docker."""
    kinds = kept.KINDS["inside-docker"]
    return {name: rows(found.tables[name], kind) for name, kind in kinds.items()}


def rows(frame: pd.DataFrame, kind: type[Kind]) -> list[Kind]:
    """A frame's rows as records; what is NaN is None."""
    return [
        kind.model_validate({name: _plain(value) for name, value in row.items()})
        for row in frame.to_dict("records")
    ]


def roles(instance: Instance, services: Iterable[Any]) -> dict[int, str]:
    """Process id → what it is, of an instance that is ready and of the services."""
    meters = [*instance.meters(), *instance.late_meters(), *services]
    return {pid: meter.name for meter in meters for pid in meter.pids}


def _tree(built: LabImage) -> tuple[pd.DataFrame, pd.DataFrame]:
    backend = make_backend(BACKEND)
    with backend.launch(built, Limits(), Timeline(HostClock())) as instance:
        instance.wait_ready()
        known = {os.getpid(): "the lab", **roles(instance, backend.services())}
        tree = proctree.process_tree(known)
        joints = proctree.joints(tree)
        instance.stop()
    return tree, joints


def _plain(value: Any) -> Any:
    return None if not isinstance(value, tuple) and pd.isna(value) else value
