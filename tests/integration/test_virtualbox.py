"""The real VirtualBox. A start takes most of a minute where it interprets, so each does a lot."""

from __future__ import annotations

import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.backends.virtualbox import process, registry
from labkit.backends.virtualbox.backend import VirtualBoxBackend
from labkit.backends.virtualbox.display import virtual_display
from labkit.backends.virtualbox.installation import MANAGE, find_installation, private_root
from labkit.backends.virtualbox.manage import VBoxManage
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.protocol import Request
from labkit.guest.workload import all_workloads
from labkit.image import LabImage
from labkit.image.inputs import BootLoader
from labkit.image.iso import write_iso
from labkit.measure import sampler
from labkit.recordings.facts import Limits
from labkit.recordings.words import MILESTONES, OF_PODS
from labkit.system.clock import HostClock, wait_until
from labkit.system.owner_marks import owner
from tests.conftest import ready_backend
from tests.disks import small_disk
from tests.integration.vbox_labs import lab, processes, traces

# A busy machine boots several times as long.
pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def backend() -> Backend:
    return ready_backend("virtualbox")


@contextmanager
def launched(image: LabImage) -> Iterator[tuple[Instance, Timeline]]:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with VirtualBoxBackend().launch(image, Limits(), timeline) as instance:
        yield instance, timeline


def test_a_whole_life(backend: Backend, lab_image: LabImage) -> None:
    with launched(lab_image) as (instance, timeline):
        instance.wait_ready()
        for name, workload in all_workloads().items():
            if workload.network or workload.packages:
                continue
            assert instance.run(Request(name, 0.5)).operations != 0, name
        with pytest.raises(BackendError) as caught:
            instance.run(Request("nope", 0.3))
        assert "no such workload" in caught.value.details
        readings = {m.name: sampler.read(m) for m in (*instance.meters(), *backend.services())}
        instance.stop()
    assert {"vm", "VBoxSVC"} <= set(readings)
    assert all((reading.pss_bytes or 0) > 1 << 20 for reading in readings.values())
    reached = timeline.since_requested()
    assert list(reached) == [m for m in MILESTONES if m not in ("first_response", *OF_PODS)]
    assert sorted(reached.values()) == list(reached.values())
    assert traces(owner()) == []
    assert str(private_root()) not in Path("/proc/mounts").read_text()


def test_two_at_once_do_not_meet(backend: Backend, lab_image: LabImage) -> None:
    with launched(lab_image) as (first, _), launched(lab_image) as (second, _):
        first.wait_ready()
        second.wait_ready()
        assert second.run(Request("fork", 0.3)).operations
        second.stop()
        assert first.run(Request("fork", 0.3)).operations
        first.stop()
    assert traces(owner()) == []


def test_two_labs_at_once_do_not_meet(vbox_state: Path) -> None:
    """Two processes, each with a registry and a VBoxSVC of its own."""
    with lab("", vbox_state) as first, lab("", vbox_state) as second:
        for each in (first, second):
            each.wait_for("started")
        # One without a client ends after seconds: the machine's own may still have to begin.
        marks = (first.mark, second.mark)
        assert wait_until(lambda: all(processes(mark, "VBoxSVC") for mark in marks), timeout=60)
        for each in (first, second):
            each.wait_for("stopped")
            assert each.wait() == 0
            assert traces(each.mark) == []


def test_a_display_serves_one_client_after_another(backend: Backend, tmp_path: Path) -> None:
    """VirtualBoxVM opens a connection, closes it, and opens its next one at once."""
    installation = find_installation()
    assert installation is not None
    (tmp_path / "machine").mkdir()
    with virtual_display(installation, tmp_path, tmp_path / "machine" / "log") as display:
        for _ in range(20):
            assert greeted(display.name)


def greeted(display: str) -> bool:
    """Whether an X server takes us as a client: X11 protocol, "Connection Setup", both ways."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"\0/tmp/.X11-unix/X{display.removeprefix(':')}")
        client.sendall(struct.pack("<cxHHHHxx", b"l", 11, 0, 0, 0))
        return client.recv(8)[:1] == b"\x01"


def test_a_guest_that_never_gets_ready(
    backend: Backend, lab_image: LabImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A medium without a boot loader: the firmware finds nothing to start."""
    (tmp_path / "empty").mkdir()
    medium = tmp_path / "empty" / "lab.iso"
    broken = replace(lab_image, iso=medium)
    write_iso(
        medium,
        kernel=lab_image.initramfs,
        initramfs=lab_image.initramfs,
        boot_loader=BootLoader(bytes(2048), bytes(2048)),
        command_line="",
    )
    monkeypatch.setattr(process, "DRIVERLESS_PATIENCE_S", 6.0)
    with launched(broken) as (instance, _), pytest.raises(GuestTimeout) as caught:
        instance.wait_ready(6)
    assert "VirtualBox's log ends with" in caught.value.details
    assert traces(owner()) == []


def test_a_name_that_is_taken(
    backend: Backend, lab_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine that has it stays: what we have not made we do not remove."""
    installation = find_installation()
    assert installation is not None
    monkeypatch.setattr("labkit.backends.virtualbox.machine._numbers", iter([1, 1, 1]))
    name = f"labkit-{owner()}-1"
    with registry.registry() as home:
        manage = VBoxManage(lambda *words: installation.argv(home, MANAGE, *words))
        manage.create_vm(name=name, folder=home, os_type="Linux_64")
        with pytest.raises(BackendError, match="create the machine"), launched(lab_image):
            pytest.fail("two machines have one name")
        assert list(manage.machines()) == [name]
        assert manage.show(name=name)["VMState"] == "poweroff"
    assert traces(owner()) == []


@pytest.mark.parametrize("room", [-1 << 20, 8 << 10, 64 << 10])
def test_a_full_disk(
    backend: Backend,
    lab_image: LabImage,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
) -> None:
    """Not even the boot medium has room, or that and little else."""
    assert lab_image.iso
    with small_disk(lab_image.iso.stat().st_size + room) as small:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with (
            pytest.raises(BackendError, match=r"cannot be written|is full") as caught,
            launched(lab_image),
        ):
            pass
        assert "TMPDIR" in caught.value.resolution
        assert list(small.iterdir()) == []
    assert traces(owner()) == []
