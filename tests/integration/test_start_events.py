"""The engine's own events, from the real dockerd and containerd."""

from __future__ import annotations

import pytest

from labkit.backends.base import Backend
from labkit.backends.engine_parts.containerd import find_socket
from labkit.experiments.docker_internals import start_events, stats
from labkit.experiments.docker_internals.records import StartEvent
from labkit.image import LabImage
from labkit.recordings import tables
from labkit.system.process import find_tool
from tests.conftest import ready_backend

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("backend", ["docker", "docker-cli"])
def test_each_start_tells_its_events_in_order(
    docker_backend: Backend, lab_image: LabImage, backend: str
) -> None:
    engine = ready_backend(backend)
    engine.prepare(lab_image)
    events = tables.frame(start_events.record(engine, lab_image, trials=2), StartEvent)
    for _, start in events.groupby("trial"):
        names = start["event"].tolist()
        assert names[0] == "requested" and names[-1] == "ready"
        assert start["at_s"].is_monotonic_increasing
        assert "container create" in names
        if find_socket() and find_tool("ctr"):
            assert names.index("containers create") < names.index("tasks create")
    table = stats.start_events(events)
    assert (table["median_s"] >= 0).all() and table["event"].iloc[-1] == "ready"
