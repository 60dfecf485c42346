"""Another runtime, another init, Podman: each by a daemon of our own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.docker.own_daemon import UNSHARED
from labkit.backends.engine_parts.crun import WITHOUT_HYBRID
from labkit.backends.engine_parts.oci_groups import HYBRID
from labkit.backends.table import make_backend
from labkit.errors import LabError
from labkit.image import LabImage
from labkit.measure import sampler
from labkit.setup import apt
from labkit.system.clock import wait_until
from labkit.system.process import end, spawn
from tests.conftest import ready_backend, unavailable
from tests.integration.daemon import own_daemon, require_root
from tests.integration.test_conformance import started

pytestmark = pytest.mark.docker
# crun takes one version of control groups or the other.
SH = ("sh", "-c", WITHOUT_HYBRID, "sh") if HYBRID.is_mount() else ()
PODMAN = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n'


def programs(backend: Backend, image: LabImage) -> dict[str, tuple[str, int | None]]:
    """Role → the meter's name, and how many processes it reads."""
    backend.prepare(image)
    with started(backend, image) as (instance, _):
        meters = (*instance.meters(), *backend.services())
        found = {str(m.role): (m.name, sampler.read(m).processes) for m in meters}
        instance.stop()
    return found


def test_another_runtime_is_another_engine(lab_image: LabImage, docker_backend: Backend) -> None:
    ready_backend("crun")
    before = docker_backend.info(lab_image)
    crun = ("--add-runtime", f"quick={shutil.which('crun')}", "--default-runtime", "quick")
    with own_daemon(*crun, "--init", "--live-restore", enter=(*UNSHARED, *SH)):
        backend = make_backend("docker")
        info = backend.info(lab_image)
        found = programs(backend, lab_image)
    assert info.engine == "crun" and before.engine == "native"
    assert info.configuration["runtime"] == "quick (crun)"
    assert info.configuration["live_restore"] == "yes"
    assert before.configuration["live_restore"] == "no"
    assert found["instance"] == ("container", 1)  # and no init beside it
    assert found["helper"] == ("containerd-shim", 1)


@contextmanager
def podman(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Its service for Docker's clients, in a folder with a short name, which it asks for. The
    limits of processes that it would set, this computer may forbid."""
    require_root()
    try:
        if shutil.which("podman") is None:
            apt.install(("podman",), lambda message: None)
    except LabError as error:
        unavailable("podman", str(error))
    with tempfile.TemporaryDirectory(prefix="podman", ignore_cleanup_errors=True) as name:
        yield from _served(Path(name), monkeypatch)


def _served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (folder / "containers.conf").write_text(PODMAN)
    socket = folder / "s"
    words = ("podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run")
    argv = [*UNSHARED[:2], *SH, *words, "system", "service", "--time=0", f"unix://{socket}"]
    env = {"CONTAINERS_CONF": str(folder / "containers.conf")}
    process = spawn(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{socket}")
        assert wait_until(lambda: make_backend("docker").missing() is None, timeout=60)
        yield
    finally:
        end(process)


def test_podman_is_called_podman(lab_image: LabImage, monkeypatch: pytest.MonkeyPatch) -> None:
    with podman(monkeypatch):
        backend = make_backend("docker")
        info = backend.info(lab_image)
        found = programs(backend, lab_image)
    assert info.version.startswith("podman ") and info.configuration["program"] == "podman"
    assert found["instance"] == ("container", 1) and found["helper"] == ("conmon", 1)
    assert found["services"] == ("podman", 1)
