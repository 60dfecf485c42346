"""The engine's own events, from the real dockerd and containerd."""

from __future__ import annotations

import pytest

from labkit import start_events, stats
from labkit.backends import Backend
from labkit.backends.containerd import find_socket
from labkit.image import LabImage
from labkit.process import find_tool
from tests.conftest import ready_backend

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("backend", ["docker", "docker-cli"])
def test_each_start_tells_its_events_in_order(
    docker_backend: Backend, lab_image: LabImage, backend: str
) -> None:
    ready_backend(backend)
    events = start_events.record(lab_image, backend=backend, trials=2)
    for _, start in events.groupby("trial"):
        names = start["event"].tolist()
        assert names[0] == "requested" and names[-1] == "ready"
        assert start["at_s"].is_monotonic_increasing
        assert "container create" in names
        if find_socket() and find_tool("ctr"):
            assert names.index("containers create") < names.index("tasks create")
    table = stats.start_events(events)
    assert (table["median_s"] >= 0).all() and table["event"].iloc[-1] == "ready"
