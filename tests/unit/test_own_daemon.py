"""Where the lab cannot have a Docker daemon of its own; what it does is tested on real ones."""

from __future__ import annotations

import os

import pytest

from labkit.backends.docker import own_daemon
from labkit.backends.docker.own_daemon import OwnDaemon
from labkit.errors import BackendError, CommandError


def test_without_docker_engine_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_daemon, "find_tool", lambda name: None)
    with pytest.raises(BackendError, match="cannot be started") as told:
        OwnDaemon().__enter__()
    assert "not installed" in told.value.details and "setup docker" in told.value.resolution


def test_without_root_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_daemon, "find_tool", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(BackendError, match="cannot be started") as told:
        OwnDaemon().__enter__()
    assert "root" in told.value.resolution


@pytest.mark.parametrize("before", [None, "unix:///elsewhere.sock"])
def test_one_that_cannot_begin_leaves_no_trace(
    monkeypatch: pytest.MonkeyPatch, before: str | None
) -> None:
    """`unshare` is not there, so nothing begins."""
    monkeypatch.setattr(own_daemon, "find_tool", lambda name: f"/usr/sbin/{name}")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    if before is not None:
        monkeypatch.setenv("DOCKER_HOST", before)
    daemon = OwnDaemon()
    with pytest.raises(CommandError, match="unshare"):
        daemon.__enter__()
    assert os.environ.get("DOCKER_HOST") == before
    assert not daemon.folder.exists()
