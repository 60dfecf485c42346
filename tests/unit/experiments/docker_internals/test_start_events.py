"""The events of a start: lines of `ctr events`, what lies between, and the chart."""

from __future__ import annotations

import pandas as pd
import pytest

from labkit.backends.docker.events import Event, parse_containerd
from labkit.experiments.docker_internals import charts, start_events, stats
from labkit.experiments.docker_internals.records import StartEvent
from tests.unit.charts.legible import words

LINES = """\
2026-11-24 23:40:34.075712746 +0000 UTC moby /tasks/create {"container_id":"80ab","bundle":"/x"}
2026-11-24 23:40:34 +0000 UTC moby /containers/create {"id":"80ab","runtime":{"name":"runc"}}
ctr: failed to dial
2026-11-24 23:40:35.5 +0000 UTC moby /images/create {"name":"busybox"}
"""


def test_a_line_of_containerd() -> None:
    events = parse_containerd(LINES.splitlines())
    assert [e.event for e in events] == ["tasks create", "containers create", "images create"]
    assert [e.container for e in events] == ["80ab", "80ab", ""]
    assert events[0].at - events[1].at == pytest.approx(0.075712746, abs=1e-6)


def test_only_the_events_of_this_start_count() -> None:
    def event(name: str, at: float, container: str = "a") -> Event:
        return Event(container, "dockerd", name, at)

    events = [
        event("container create", 10.2),
        event("tasks create", 10.5),
        event("tasks create", 10.6, "another lab's"),
        event("network connect", 10.3),
        event("container create", 9.0, "the one before"),
        event("container start", 10.9),
    ]
    found = start_events._between(events, 10.0, 10.8)
    assert [(e.event, e.at) for e in found] == [
        ("container create", 10.2),
        ("network connect", 10.3),
        ("tasks create", 10.5),
    ]


def made_up(trials: int = 12) -> pd.DataFrame:
    rows = []
    for trial in range(trials):
        shift = trial / 1000
        rows += [
            (trial, "docker-cli", "lab", "requested", 0.0),
            (trial, "docker-cli", "dockerd", "container create", 0.1 + shift),
            (trial, "docker-cli", "containerd", "tasks create", 0.3 + shift),
            (trial, "docker-cli", "lab", "ready", 0.31 + 2 * shift),
        ]
    rows.append((0, "docker-cli", "dockerd", "container start", 0.305))
    return pd.DataFrame(rows, columns=list(StartEvent.model_fields))


def test_the_time_between_events_and_where_it_begins() -> None:
    table = stats.start_events(made_up())
    assert table["event"].tolist() == ["container create", "tasks create", "ready"]
    assert table["after"].tolist() == ["requested", "container create", "tasks create"]
    assert table["median_s"].tolist() == pytest.approx([0.1055, 0.2, 0.0155])
    assert table["start_s"].tolist() == pytest.approx([0, 0.1055, 0.3055])
    assert set(table["n"]) == {12} and not table["few"].any()


def test_an_event_that_a_trial_lacks_is_no_stretch() -> None:
    assert "container start" not in set(stats.start_events(made_up())["event"])


def test_the_chart() -> None:
    chart = charts.start_events(stats.start_events(made_up(5)), badge="made up")
    assert "n = 5, fewer than 10" in words(chart) and "made up" in words(chart)
    assert "tasks create (containerd) after 200 ms" in chart.alt
    assert len(chart.figure.axes[0].patches) == 3
