"""Images of a user's own, for real: when they are ready, what of them is measured, and that
nothing of the user's is changed and nothing is left."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.backends.docker.client import connected
from labkit.backends.own import disk
from labkit.backends.table import make_backend
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.system.owner_marks import owner
from tests.conftest import ready_backend
from tests.integration.own_images import LINE, life, make_container_image, make_disk

NAME = f"labkit-test-own:{os.getpid()}"  # two workers do not share it


@pytest.fixture(scope="module")
def container(lab_image: LabImage) -> Iterator[str]:
    ready_backend("docker").prepare(lab_image)
    with connected() as client:
        make_container_image(client, lab_image, NAME)
        yield f"docker:image={NAME}"
        client.images.remove(NAME)


@pytest.fixture(scope="module")
def machine(lab_image: LabImage, tmp_path_factory: pytest.TempPathFactory) -> str:
    ready_backend("qemu")
    # A comma, as QEMU's options have them between.
    path = tmp_path_factory.mktemp("own,disk") / "own.raw"
    make_disk(path, lab_image)
    return f"qemu:disk={path}"


CONDITIONS = ["line:READY to", "console:own login: ", "tcp:8080", "http://:8080/"]


@pytest.mark.docker
@pytest.mark.parametrize("ready", CONDITIONS)
def test_a_container_is_ready_when_it_says_so(
    container: str, lab_image: LabImage, ready: str
) -> None:
    marks = life(f"{container}:ready={ready}", lab_image)
    assert list(marks)[:4] == ["requested", "created", "started", "ready"]


@pytest.mark.qemu
@pytest.mark.parametrize("ready", CONDITIONS)
def test_a_machine_is_ready_when_it_says_so(
    machine: str, lab_image: LabImage, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "POWER_OFF_S", 1.0)  # it does not know its power button
    path = Path(machine.partition("=")[2])
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    marks = life(f"{machine}:ready={ready}", lab_image)
    assert list(marks)[:4] == ["requested", "created", "started", "ready"]
    assert "stopped" not in marks
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert sorted(path.parent.iterdir()) == sorted([path, path.with_suffix(".cpio")])


@pytest.mark.docker
@pytest.mark.parametrize("ready", ["line:NEVER", "tcp:9", "http://:8080/absent"])
def test_what_never_comes_is_told_with_the_last_words(
    container: str, lab_image: LabImage, ready: str
) -> None:
    with pytest.raises(BackendError, match="not ready within") as caught:
        life(f"{container}:ready={ready}", lab_image, timeout=3)
    assert "READY to serve" in str(caught.value)
    with connected() as client:
        names = [str(one.name) for one in client.containers.list(all=True, ignore_removed=True)]
    assert not [name for name in names if owner() in name]


@pytest.mark.qemu
def test_a_port_that_only_qemu_listens_at_is_not_ready(machine: str, lab_image: LabImage) -> None:
    with pytest.raises(BackendError, match="not ready within") as caught:
        life(f"{machine}:ready=tcp:9", lab_image, timeout=25)
    assert "own login" in str(caught.value)


@pytest.mark.qemu
def test_a_kernel_that_is_not_heard_is_told(lab_image: LabImage, tmp_path: Path) -> None:
    ready_backend("qemu")
    make_disk(path := tmp_path / "mute.raw", lab_image, LINE.replace("console=ttyS0 ", ""))
    with pytest.raises(BackendError, match="not ready within") as caught:
        life(f"qemu:disk={path}:ready=console:login:", lab_image, timeout=30)
    assert "Booting from" in str(caught.value) and disk.UNHEARD in str(caught.value)


@pytest.mark.docker
def test_an_image_that_is_not_there(container: str) -> None:
    missing = make_backend("docker:image=labkit-test-absent:ready=tcp:1").missing()
    assert missing is not None and "docker images" in missing.fix
