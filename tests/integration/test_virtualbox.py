"""The real VirtualBox. A start takes most of a minute where it interprets, so each does a lot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from labkit import orphans, sampler
from labkit.backends import Backend, vbox_process, vbox_registry
from labkit.backends.base import Instance
from labkit.backends.vbox_installation import MANAGE, find_installation
from labkit.backends.vbox_manage import VBoxManage
from labkit.backends.virtualbox import VirtualBoxBackend
from labkit.errors import BackendError, GuestTimeout
from labkit.image import LabImage
from labkit.image.iso import write_iso
from labkit.process import HostClock, mark_of, owner, wait_until
from labkit.protocol import Request
from labkit.records import MILESTONES, Limits
from labkit.timeline import Timeline
from labkit.workloads import all_workloads
from tests.conftest import ready_backend

pytestmark = pytest.mark.virtualbox
PROGRAMS = ("VirtualBoxVM", "VBoxHeadless", "VBoxSVC", "VBoxXPCOMIPCD", "Xvfb")
# A lab of its own, in a process that can be killed: starts a machine and waits.
LAB = """
import sys, time
from labkit import image
from labkit.backends.virtualbox import VirtualBoxBackend
from labkit.process import HostClock
from labkit.records import Limits
from labkit.timeline import Timeline
timeline = Timeline(HostClock(), lambda name: print(name, flush=True))
with VirtualBoxBackend().launch(image.build(progress=False), Limits(), timeline):
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def backend() -> Backend:
    return ready_backend("virtualbox")


@contextmanager
def launched(image: LabImage) -> Iterator[tuple[Instance, Timeline]]:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with VirtualBoxBackend().launch(image, Limits(), timeline) as instance:
        yield instance, timeline


def traces(mark: str) -> list[str]:
    """Everything on this machine that bears this mark, but the process itself."""
    pid = int(mark.partition("-")[0])
    found = [p.name() for p in psutil.process_iter() if p.pid != pid and mark_of(p) == mark]
    found += [str(p) for p in Path(tempfile.gettempdir()).glob(f"labkit-{mark}-*")]
    return found + [str(p) for p in Path("/tmp").glob(f".vbox-labkit-{mark}-*")]


def processes(mark: str, name: str) -> list[psutil.Process]:
    return [
        p for p in psutil.process_iter(["name"]) if p.info["name"] == name and mark_of(p) == mark
    ]


def mounts() -> int:
    return Path("/proc/mounts").read_text().count("\n")


def test_a_whole_life(backend: Backend, lab_image: LabImage) -> None:
    before = mounts()
    with launched(lab_image) as (instance, timeline):
        instance.wait_ready()
        for name in [name for name, workload in all_workloads().items() if not workload.network]:
            assert instance.run(Request(name, 0.5)).operations != 0, name
        with pytest.raises(BackendError) as caught:
            instance.run(Request("nope", 0.3))
        assert "no such workload" in caught.value.details
        readings = {m.name: sampler.read(m) for m in (*instance.meters(), *backend.services())}
        instance.stop()
    assert {"vm", "VBoxSVC"} <= set(readings)
    assert all((reading.pss_bytes or 0) > 1 << 20 for reading in readings.values())
    reached = timeline.since_requested()
    assert list(reached) == [m for m in MILESTONES if m != "first_response"]
    assert sorted(reached.values()) == list(reached.values())
    assert traces(owner()) == [] and mounts() == before


def test_two_at_once_do_not_meet(backend: Backend, lab_image: LabImage) -> None:
    with launched(lab_image) as (first, _), launched(lab_image) as (second, _):
        first.wait_ready()
        second.wait_ready()
        assert second.run(Request("fork", 0.3)).operations
        second.stop()
        assert first.run(Request("fork", 0.3)).operations
        first.stop()
    assert traces(owner()) == []


@pytest.mark.parametrize("victim", ["VirtualBoxVM", "VBoxSVC", "Xvfb"])
def test_a_process_that_is_killed(backend: Backend, lab_image: LabImage, victim: str) -> None:
    """Of the machine nothing is left, whatever died first; no boot is waited for."""
    with launched(lab_image) as (instance, _):
        found = processes(owner(), victim)
        if not found:
            pytest.skip(f"this engine has no {victim}")
        for process in found:
            process.kill()
        if victim == "VirtualBoxVM":
            with pytest.raises(BackendError, match="connection ended"):
                instance.wait_ready()
    assert traces(owner()) == []


@pytest.mark.parametrize("moment", ["created", "started", "kernel"])
def test_a_lab_that_is_killed(backend: Backend, lab_image: LabImage, moment: str) -> None:
    lab = subprocess.Popen([sys.executable, "-c", LAB], stdout=subprocess.PIPE, text=True)
    assert lab.stdout is not None
    mark = f"{lab.pid}-{int(psutil.Process(lab.pid).create_time())}"
    try:
        for line in lab.stdout:
            if line.strip() == moment or (moment == "kernel" and line.strip() == "started"):
                break
        if moment == "kernel":
            time.sleep(8)  # nobody listens to the console meanwhile: it is booting by now
        assert traces(mark)
    finally:
        lab.send_signal(signal.SIGKILL)
        lab.wait()
        lab.stdout.close()
    # Another lab that runs is not touched by the sweep.
    with launched(lab_image):
        assert orphans.sweep([VirtualBoxBackend()])
        assert processes(owner(), "VBoxSVC")
        assert wait_until(lambda: not traces(mark), timeout=5)
    assert traces(owner()) == []


def test_a_guest_that_never_gets_ready(
    backend: Backend, lab_image: LabImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A medium without a boot loader: the firmware finds nothing to start."""
    (tmp_path / "empty").mkdir()
    broken = replace(lab_image, iso=tmp_path / "empty" / "lab.iso")
    nothing = bytes(2048)
    write_iso(
        broken.iso,
        kernel=lab_image.initramfs,
        initramfs=lab_image.initramfs,
        isolinux=nothing,
        ldlinux=nothing,
        command_line="",
    )
    monkeypatch.setattr(vbox_process, "DRIVERLESS_PATIENCE_S", 6.0)
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
    monkeypatch.setattr("labkit.backends.vbox_machine._numbers", iter([1, 1, 1]))
    name = f"labkit-{owner()}-1"
    with vbox_registry.registry() as home:
        manage = VBoxManage(lambda *words: installation.argv(home, MANAGE, *words))
        manage.create_vm(name=name, folder=home, os_type="Linux_64")
        with pytest.raises(BackendError, match="create the machine"), launched(lab_image):
            pytest.fail("two machines have one name")
        assert list(manage.machines()) == [name]
        assert manage.show(name=name)["VMState"] == "poweroff"
    assert traces(owner()) == []


def test_a_full_disk(
    backend: Backend, lab_image: LabImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0:
        pytest.skip("a small disk can only be mounted by root")
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(small)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("no small disk can be mounted here")
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with pytest.raises(BackendError, match="cannot be written") as caught, launched(lab_image):
            pass
        assert "TMPDIR" in caught.value.resolution
        assert traces(owner()) == []
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", str(small)], check=True)
