"""A server behind each boundary, asked from outside, on the real backends."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import psutil
import pytest

from labkit import image
from labkit.backends.base import Backend
from labkit.backends.timeline import Timeline
from labkit.experiments import benchmark
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.measure import cleanup
from labkit.measure.web.client import NO_ANSWER, answers, get, wait_for_answer
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock, wait_until
from labkit.system.ports import LOOPBACK
from tests.traces import traces

NETWORK = Limits(network=True)


@pytest.fixture(scope="session")
def networked(lab_image: LabImage) -> LabImage:
    return image.networked(lab_image, progress=False)


@pytest.fixture(
    params=[
        "host",
        pytest.param("docker", marks=pytest.mark.docker),
        pytest.param("qemu", marks=pytest.mark.qemu),
    ]
)
def backend(request: pytest.FixtureRequest) -> Backend:
    found = request.getfixturevalue(f"{request.param}_backend")
    assert isinstance(found, Backend)
    return found


def listening() -> dict[int, set[str]]:
    """Port → addresses of this computer that somebody listens on."""
    found: dict[int, set[str]] = {}
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr:
            found.setdefault(connection.laddr.port, set()).add(connection.laddr.ip)
    return found


def our_processes() -> list[str]:
    return [trace for trace in traces(os.getpid()) if trace.startswith("process ")]


def test_the_server_is_reached_on_loopback_only_and_gone_afterwards(
    backend: Backend, networked: LabImage
) -> None:
    timeline = Timeline(HostClock())
    seen: list[set[str]] = []
    timeline.mark("requested")

    def visit() -> None:
        wait_for_answer(port, HostClock())
        seen.append(listening()[port])
        assert not answers(port, "/no-such-page")
        get(port, "/end.sh")

    with backend.launch(networked, NETWORK, timeline) as instance:
        assert instance.port is not None
        port = instance.port
        instance.wait_ready()
        instance.run(Request("http", 60), visit)
        instance.run(
            Request("http", 60), visit
        )  # a second time: nothing of the first is in its way
        instance.stop()
    assert seen == [{LOOPBACK}] * 2
    assert port not in listening()
    # What watches the server's time, busybox's timeout, looks once a second whether it is there.
    assert wait_until(lambda: not our_processes(), timeout=3)
    assert cleanup.sweep([backend], mine=True) == []


def test_without_a_network_there_is_no_port(backend: Backend, lab_image: LabImage) -> None:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with backend.launch(lab_image, Limits(), timeline) as instance:
        assert instance.port is None
        instance.wait_ready()
        instance.stop()


def test_a_run_has_first_responses_and_loads(
    backend: Backend, lab_image: LabImage, tmp_path: Path
) -> None:
    run = benchmark.run(
        [backend.name],
        ["http"],
        repeats=1,
        seconds=1,
        warmups=0,
        out=tmp_path / "run",
        progress=False,
    )
    assert list(run.trials["status"]) == ["ok"], list(run.trials["error"])
    at = dict(zip(run.milestones["milestone"], run.milestones["at_s"], strict=True))
    assert at["ready"] < at["first_response"] < at["first_result"]
    assert list(run.requests["connections"]) == [1, 4]
    assert (run.requests["requests"] > 0).all()
    assert (run.requests["errors"] == 0).all()
    assert (run.requests["p50_s"] > 0).all()
    moments = set(run.samples["moment"].dropna())
    assert {"begin http", "end http"} <= moments


@pytest.mark.qemu
def test_a_resumed_machine_has_its_network_again(lab_image: LabImage, tmp_path: Path) -> None:
    run = benchmark.run(
        ["qemu-resumed"],
        ["http"],
        repeats=2,
        seconds=0.5,
        warmups=0,
        out=tmp_path / "run",
        progress=False,
    )
    assert set(run.trials["status"]) == {"ok"}, list(run.trials["error"])
    assert "kernel" not in set(run.milestones["milestone"])
    assert (run.requests["requests"] > 0).all()


def test_no_answer_is_an_error_of_the_clients(host_backend: Backend) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NO_ANSWER):
        get(port, timeout=1)
