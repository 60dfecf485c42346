"""Disks of a user's own for real, in each format, on VirtualBox and QEMU: what boots, what is told,
and that nothing of the user's is changed and nothing is left."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from labkit.backends.table import make_backend
from labkit.backends.virtualbox import instance, process, registry
from labkit.backends.virtualbox.installation import MANAGE, find_installation
from labkit.backends.virtualbox.machine import OS_TYPE
from labkit.backends.virtualbox.manage import VBoxManage
from labkit.errors import BackendError, LabError, NoRoom
from labkit.image import LabImage
from labkit.measure import cleanup
from labkit.measure.session import opened
from labkit.recordings.facts import Limits
from labkit.setup.table import set_up_backend
from labkit.system.owner_marks import owner, owner_mark
from labkit.system.process import run
from tests.conftest import one_at_a_time, ready_backend, unavailable
from tests.disks import small_disk
from tests.integration import own_disks
from tests.integration.own_images import LEAN, life, make_disk
from tests.integration.vbox_labs import PROJECT, traces

READY = "ready=line:READY to"
WORDS = "a disk of one's own"


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    """What the tests make disks with, and what VirtualBox's backend reads them with."""
    for name in ("qemu", "virtualbox"):
        ready_backend(name)
    try:
        with one_at_a_time():
            set_up_backend("virtualbox:disk=any", lambda message: None)
    except LabError as error:
        unavailable("virtualbox", str(error))


@pytest.fixture(scope="module")
def raw(tools: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # A comma and a blank, as options and command lines have them between.
    target = tmp_path_factory.mktemp("own, disks") / "tiny.raw"
    try:
        with one_at_a_time():
            return own_disks.make_raw(target)
    except LabError as error:
        unavailable("virtualbox", str(error))


def state(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in folder.iterdir()
    }


@pytest.mark.virtualbox
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["exported", "packed", "qcow2"])
def test_virtualbox_boots_it_until_its_power_button_is_pressed(
    raw: Path, lab_image: LabImage, kind: str
) -> None:
    if kind == "exported":
        name = f"virtualbox:ova={exported(raw)}"
    elif kind == "packed":
        name = f"virtualbox:ova={own_disks.make_ova(raw, raw.with_suffix('.ova'), count=2)}"
    else:
        name = f"virtualbox:disk={own_disks.converted(raw, kind)}:bus=ide"
    before = state(raw.parent)
    marks = life(f"{name}:{READY}", lab_image)
    assert list(marks) == [
        "requested", "created", "started", "ready", "first_result", "stop_requested", "stopped",
    ]  # fmt: skip
    assert state(raw.parent) == before and traces(owner()) == []


def exported(raw: Path) -> Path:
    """As VirtualBox itself makes it, of a machine with this disk."""
    target, installation = raw.with_name("exported.ova"), find_installation()
    assert installation is not None
    with registry.registry() as home:
        manage = VBoxManage(lambda *words: installation.argv(home, MANAGE, *words))
        manage.create_vm(name="tiny", folder=home, os_type=OS_TYPE)
        manage.add_controller(name="tiny", controller="own", bus="ide", kind="PIIX4")
        disk = home / "tiny.vdi"
        run(["qemu-img", "convert", "-f", "raw", "-O", "vdi", str(raw), str(disk)])
        manage.attach(name="tiny", controller="own", kind="hdd", medium=disk)
        run(installation.argv(home, MANAGE, "export", "tiny", "-o", str(home / target.name)))
        target.write_bytes((home / target.name).read_bytes())
        manage.unregister(name="tiny")
    return target


@pytest.mark.qemu
def test_qemu_boots_the_same_appliance(raw: Path, lab_image: LabImage) -> None:
    ova = own_disks.make_ova(raw, raw.with_name("qemu.ova"), count=2)
    before = state(raw.parent)
    assert "stopped" in life(f"qemu:ova={ova}:{READY}", lab_image)
    recorded = make_backend(f"qemu:ova={ova}:{READY}").configuration()["own disk"]
    assert "tiny-disk1.vmdk, the first of 2" in recorded and str(ova.parent) not in recorded
    assert state(raw.parent) == before and traces(owner()) == []


@pytest.mark.virtualbox
@pytest.mark.timeout(600)
@pytest.mark.parametrize("ready", ["tcp:22", "line:NEVER"])
def test_what_never_comes_is_told_with_the_last_words(
    raw: Path, lab_image: LabImage, ready: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """VirtualBox takes each connection by itself: nobody inside does."""
    monkeypatch.setattr(process, "DRIVERLESS_PATIENCE_S", 30.0)
    monkeypatch.setattr(instance, "POWER_OFF_S", 5.0)
    with pytest.raises(BackendError, match="not ready within") as caught:
        life(f"virtualbox:disk={raw}:ready={ready}", lab_image, timeout=30)
    assert WORDS in caught.value.details and "state is" in caught.value.details
    assert traces(owner()) == []


@pytest.mark.virtualbox
@pytest.mark.timeout(600)
def test_nothing_is_left_after_kill_9(raw: Path) -> None:
    ova = own_disks.make_ova(raw, raw.with_name("killed.ova"))
    before = state(raw.parent)
    words = [sys.executable, "-m", "tests.integration.own_disks", f"virtualbox:ova={ova}:{READY}"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as lab:
        mark = owner_mark(lab.pid)
        assert lab.stdout is not None and "ready" in lab.stdout.readline()
        assert traces(mark)
        lab.kill()
    cleanup.sweep([make_backend("virtualbox")])
    assert traces(mark) == [] and state(raw.parent) == before


@pytest.mark.virtualbox
def test_a_disk_that_is_torn(raw: Path, lab_image: LabImage) -> None:
    made = own_disks.converted(raw, "vmdk", "-o", "subformat=streamOptimized")
    torn = made.rename(raw.with_name("torn.vmdk"))
    with torn.open("r+b") as file:
        file.truncate(torn.stat().st_size // 2)
    backend = make_backend(f"virtualbox:disk={torn}:{READY}")
    assert backend.missing() is None  # its beginning is as it should be
    with pytest.raises(BackendError) as caught, backend.saved_state(lab_image, Limits()):
        pass
    assert caught.value.details and caught.value.resolution
    assert traces(owner()) == []


@pytest.mark.qemu
def test_an_appliance_that_is_garbled_ends_a_run_before_it_begins(raw: Path) -> None:
    ova = own_disks.make_ova(raw, raw.with_name("garbled.ova"))
    content = bytearray(ova.read_bytes())
    content[content.find(b"KDMV") + 600] ^= 1
    ova.write_bytes(content)
    with (
        pytest.raises(BackendError, match="damaged"),
        opened([f"qemu:ova={ova}:{READY}"], progress=False),
    ):
        pass
    assert traces(owner()) == []


@pytest.mark.virtualbox
def test_no_room_for_the_copy(
    raw: Path, lab_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = raw.with_name("full.raw")
    full.write_bytes(raw.read_bytes()[:512] + os.urandom(2 << 20))
    backend = make_backend(f"virtualbox:disk={full}:{READY}")
    with small_disk(1 << 20) as small:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with pytest.raises(NoRoom) as caught, backend.saved_state(lab_image, Limits()):
            pass
        assert "TMPDIR" in caught.value.resolution and list(small.iterdir()) == []
    full.unlink()


@pytest.mark.virtualbox
@pytest.mark.timeout(900)
def test_a_program_inside_that_takes_a_connection(
    tmp_path: Path, lab_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole Linux, which takes minutes where it is interpreted."""
    monkeypatch.setattr(instance, "POWER_OFF_S", 1.0)  # it does not know its power button
    make_disk(tmp_path / "linux.raw", lab_image, LEAN)
    name = f"virtualbox:disk={tmp_path / 'linux.raw'}:card=virtio:ready=tcp:8080"
    marks = life(name, lab_image, timeout=800)
    assert "ready" in marks and "stopped" not in marks
    assert traces(owner()) == []


def test_a_disk_that_another_program_writes_to(raw: Path) -> None:
    """As a machine does that runs."""
    for name in ("qemu", "virtualbox"):
        with raw.open("r+b"):
            missing = make_backend(f"{name}:disk={raw}:{READY}").missing()
        assert missing is not None and f"process {os.getpid()}" in missing.reason
        assert make_backend(f"{name}:disk={raw}:{READY}").missing() is None
