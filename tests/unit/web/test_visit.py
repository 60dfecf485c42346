"""A visit against a server that only answers: what is noted, in which order."""

from __future__ import annotations

import pytest

from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.protocol import Session
from labkit.guest.workload import parse_task
from labkit.measure.web.visit import Visit
from labkit.system.clock import HostClock
from tests.unit.fakes import FakeClock, FakeInstance, FakeStream
from tests.unit.web.test_client import WHOLE, server


def instance(port: int | None) -> tuple[FakeInstance, Timeline]:
    clock = FakeClock()
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    made = FakeInstance(Session(FakeStream(clock, 0), clock), timeline)
    made.port = port
    return made, timeline


def test_the_first_answer_then_a_load_for_each_number_of_connections() -> None:
    with server(b"", WHOLE) as port:
        made, timeline = instance(port)
        visit = Visit(made, parse_task("http"), 0.2, timeline)
        visit()
    assert list(timeline.since_requested()) == ["requested", "first_response"]
    rows = visit.records(7, "host")
    assert [(row.trial, row.backend, row.workload) for row in rows] == [(7, "host", "http")] * 2
    assert [row.connections for row in rows] == [1, 4]
    for row in rows:
        assert row.requests > 0
        assert row.requests_per_s == pytest.approx(row.requests / row.seconds)
        assert 0.1 <= row.seconds < 5


def test_an_instance_without_a_port_cannot_be_visited() -> None:
    made, timeline = instance(None)
    with pytest.raises(BackendError, match="no port leads to the server"):
        Visit(made, parse_task("http"), 1, timeline)
