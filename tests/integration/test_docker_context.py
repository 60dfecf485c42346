"""A second, real daemon, which only a Docker context leads to, or which is set up otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from labkit.apps.containers import connected
from labkit.backends.base import Backend
from labkit.backends.docker import client
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.errors import LabError
from labkit.experiments.images import docker as images
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.setup.docker import set_up_docker
from labkit.system.clock import HostClock
from labkit.system.owner_marks import owner
from labkit.system.process import find_tool, run
from tests.integration.daemon import own_daemon

pytestmark = pytest.mark.docker
NAME = "second"


@pytest.fixture
def root(docker_backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The folder of the second daemon's data; the context is the current one."""
    if find_tool("docker") is None:
        pytest.skip("the command docker makes contexts")
    with own_daemon() as daemon, monkeypatch.context() as chosen:
        address = f"unix://{daemon.folder}/docker.sock"
        chosen.delenv("DOCKER_HOST")
        chosen.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
        run(["docker", "context", "create", NAME, "--docker", f"host={address}"])
        run(["docker", "context", "use", NAME])
        yield f"{daemon.folder}/data"


@pytest.mark.parametrize("name", ["docker", "docker-cli"])
def test_it_is_the_one_that_is_measured(root: str, name: str, lab_image: LabImage) -> None:
    backend = make_backend(name)
    assert backend.missing() is None
    assert NAME in str(backend.info(lab_image).daemon) and NAME in " ".join(
        backend.notes(lab_image)
    )
    backend.prepare(lab_image)
    with backend.launch(lab_image, Limits(), Timeline(HostClock())) as instance:
        instance.wait_ready(30)
        with client.connected() as daemon:
            assert daemon.info()["DockerRootDir"] == root
            assert len(daemon.containers.list(all=True)) == 1
        instance.stop()


def test_the_variable_comes_first(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    with client.connected() as daemon:
        assert daemon.info()["DockerRootDir"] != root


def test_where_the_context_has_none_no_other_is_started(
    root: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(["docker", "context", "create", "empty", "--docker", f"host=unix://{tmp_path}/none.sock"])
    monkeypatch.setenv("DOCKER_CONTEXT", "empty")
    before = _daemons()
    with pytest.raises(LabError, match="not started"):
        set_up_docker(lambda message: None)
    assert _daemons() == before


def _daemons() -> set[int]:
    return {p.pid for p in psutil.process_iter(["name"]) if p.info["name"] == "dockerd"}


def test_a_password_helper_that_is_not_there(
    docker_backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lab asks no registry, so it needs none of the user's passwords."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text('{"credsStore": "nothere"}')
    (tmp_path / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    tag = f"labkit/test-{owner()}:1"
    with connected() as apps:
        apps.images.build(tmp_path, tag)
        apps.images.remove(tag)


def test_a_daemon_that_keeps_no_log(lab_image: LabImage) -> None:
    said = ("/bin/busybox", "sh", "-c", "echo out; echo err >&2; exit 3")
    with own_daemon("--log-driver", "none"):
        DockerBackend().prepare(lab_image)
        with images.connected() as found, found.program(lab_image.container_tag, said) as program:
            assert program.output() == ("out\n", "err\n")
            assert program.wait() == 3
