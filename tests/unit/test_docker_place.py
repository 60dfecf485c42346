"""Where a daemon is, by who listens at its socket. Real sockets; the processes of a systemd, which
this computer may not have, are made up."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from labkit.backends.docker import place
from labkit.system.ports import listener


def client(path: Path | None) -> Any:
    adapter = SimpleNamespace() if path is None else SimpleNamespace(socket_path=str(path))
    api = SimpleNamespace(base_url="http://far.example:2375", get_adapter=lambda url: adapter)
    return SimpleNamespace(api=api)


@pytest.fixture
def own_socket(tmp_path: Path) -> Iterator[Path]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        yield tmp_path / "s"


def test_a_socket_tells_who_listens(own_socket: Path, tmp_path: Path) -> None:
    assert listener(own_socket) == os.getpid()
    assert listener(tmp_path / "nobody") is None


def test_what_is_no_daemon_is_not_taken_for_one(own_socket: Path) -> None:
    found = place.place_of(client(own_socket))
    assert not found.processes and psutil.Process().name() in found.why


def test_a_daemon_of_the_network_has_no_process_here(monkeypatch: pytest.MonkeyPatch) -> None:
    found = place.place_of(client(None))
    assert not found.processes and "far.example" in found.why
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "virtual machine" in place.place_of(client(None)).why


@pytest.mark.parametrize("pid", [0, None])
def test_one_that_is_not_to_be_seen_is_outside_only_where_the_kernel_says_so(
    monkeypatch: pytest.MonkeyPatch, pid: int | None
) -> None:
    monkeypatch.setattr(place, "listener", lambda path: pid)
    found = place.place_of(client(Path("/s")))
    assert not found.processes and found.why
    assert ("outside of this PID namespace" in found.why) == (pid == 0)


def test_a_port_of_a_daemon_elsewhere_is_none_of_this_computer(
    own_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.ports_elsewhere(None) and not place.ports_elsewhere(str(own_socket))
    monkeypatch.setattr(place, "FORWARDERS", (psutil.Process().name(),))
    assert place.ports_elsewhere(str(own_socket))
    monkeypatch.setattr(place, "listener", lambda path: 0)
    assert place.ports_elsewhere(str(own_socket))


def test_one_that_ends_meanwhile_is_no_error(
    own_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its name once, and then it is gone."""
    names = iter(["podman"])

    def name(process: psutil.Process) -> str:
        for said in names:
            return said
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "name", name)
    assert place.place_of(client(own_socket)).processes == {"podman": (os.getpid(),)}


@dataclass
class Made:
    """A process."""

    pid: int
    called: str
    above: int = 1
    words: list[str] = field(default_factory=list)

    @property
    def info(self) -> dict[str, str]:
        return {"name": self.called}

    def name(self) -> str:
        return self.called

    def ppid(self) -> int:
        return self.above

    def cmdline(self) -> list[str]:
        return self.words

    def children(self) -> list[Made]:
        return [p for p in PROCESSES if p.above == self.pid]

    def parent(self) -> Made:
        return next(p for p in PROCESSES if p.pid == self.above)


SYSTEMD = Made(1, "systemd", above=1)
SERVICE = Made(20, "dockerd", words=["dockerd", "-H", "fd://", "--containerd=/no/such.sock"])
CONTAINERD = Made(10, "containerd", words=["containerd"])
OTHER = Made(30, "dockerd", words=["dockerd", "-H", "unix:///other.sock"])
OF_OTHER = Made(31, "containerd", above=30)
PROCESSES: list[Made] = []


@pytest.mark.parametrize(
    ("running", "processes"),
    [
        # Debian's and Ubuntu's: systemd listens, and containerd is a service of its own.
        ([SERVICE, CONTAINERD], {"dockerd": (20,), "containerd": (10,)}),
        ([SERVICE, CONTAINERD, OTHER, OF_OTHER], {"dockerd": (20,), "containerd": (10,)}),
        (
            [SERVICE, CONTAINERD, Made(11, "containerd")],
            {"dockerd": (20,), "containerd": ()},
        ),  # which?
        ([SERVICE, Made(21, "dockerd", words=["-H", "fd://"])], {}),
        ([OTHER, OF_OTHER], {}),
        ([Made(40, "podman", words=["podman", "system", "service"])], {"podman": (40,)}),
    ],
)
def test_a_daemon_that_got_its_socket_from_systemd(
    monkeypatch: pytest.MonkeyPatch, running: list[Made], processes: dict[str, tuple[int, ...]]
) -> None:
    PROCESSES[:] = [SYSTEMD, *running]
    monkeypatch.setattr(place, "listener", lambda path: 1 if path == Path("/s") else None)
    monkeypatch.setattr(place, "counted_here", lambda pid: True)
    monkeypatch.setattr(psutil, "process_iter", lambda names: PROCESSES)
    monkeypatch.setattr(psutil, "Process", lambda pid: next(p for p in PROCESSES if p.pid == pid))
    found = place.place_of(client(Path("/s")))
    assert found.processes == processes and bool(found.why) == (not processes)
