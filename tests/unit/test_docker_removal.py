"""What the lab removes, and a daemon that goes away meanwhile: on a client that fails so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError

from labkit.backends.docker import backend, containers
from labkit.backends.docker.backend import DockerBackend
from labkit.errors import BackendError
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge

NAME = f"labkit-{owner()}-1"


def failing(error: Exception) -> Any:
    def fail(*words: object, **options: object) -> None:
        raise error

    return fail


def under_way(inspect: Any) -> Any:
    """A client whose daemon is removing the container already."""
    conflict = requests.Response()
    conflict.status_code = 409
    remove = failing(APIError("removal is already in progress", conflict))
    return SimpleNamespace(api=SimpleNamespace(remove_container=remove, inspect_container=inspect))


def test_a_daemon_that_goes_away_during_a_removal_is_a_fault_of_the_backend(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    with pytest.raises(BackendError) as caught:
        containers.remove(under_way(failing(requests.ConnectionError("gone"))), NAME)
    assert "/no/such.sock" in caught.value.details


def test_by_hand_it_is_removed_at_the_very_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "STOP_TIMEOUT_S", 0)
    monkeypatch.setattr(containers, "command", lambda *words: ["docker", "--host", "h", *words])
    with pytest.raises(BackendError) as caught:
        containers.remove(under_way(lambda name: {}), NAME)
    assert f"docker --host h rm --force --volumes {NAME}" in caught.value.resolution


def test_what_is_removed_is_told_though_the_daemon_goes_away_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = SimpleNamespace(name=NAME, labels={containers.OWNER_LABEL: owner()})
    gone = failing(requests.ConnectionError("gone"))
    daemon = SimpleNamespace(
        containers=SimpleNamespace(list=lambda **options: [left]),
        images=SimpleNamespace(list=gone),
        api=SimpleNamespace(remove_container=lambda name, **options: None, images=gone),
    )

    @contextmanager
    def connected(timeout: int) -> Iterator[Any]:
        yield daemon

    monkeypatch.setattr(backend, "connected", connected)
    assert DockerBackend().sweep(Judge(mine=True)) == [f"container {NAME}"]
