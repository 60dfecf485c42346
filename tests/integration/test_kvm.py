"""Engine `kvm` for real, also on a machine whose KVM cannot run Linux: a tiny guest of our own."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.qemu import engines
from labkit.backends.qemu.backend import BOOT_LIMIT_S, QemuBackend, _boot
from labkit.backends.qemu.command import command, talking
from labkit.backends.timeline import Timeline
from labkit.errors import GuestTimeout, LabError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.setup import apt
from labkit.system.clock import HostClock
from labkit.system.process import find_tool, run

pytestmark = pytest.mark.qemu


@pytest.fixture(scope="module")
def tiny_image(lab_image: LabImage, tmp_path_factory: pytest.TempPathFactory) -> LabImage:
    """The lab image with another kernel: assembled now, from tiny_guest.S."""
    try:
        if find_tool("as") is None:
            apt.install(["binutils"], lambda message: None)
    except LabError as error:
        pytest.skip(f"no assembler for the tiny guest: {error}")
    folder = tmp_path_factory.mktemp("tiny")
    source = Path(__file__).with_name("tiny_guest.S")
    run(["as", "--32", "-o", f"{folder}/tiny.o", str(source)])
    run(["ld", "-m", "elf_i386", "-Ttext=0x100000", "-o", f"{folder}/tiny.elf", f"{folder}/tiny.o"])
    return replace(lab_image, kernel=folder / "tiny.elf")


@pytest.mark.parametrize(
    "engine", [pytest.param("kvm", marks=pytest.mark.kvm), pytest.param("tcg")]
)
def test_a_guest_reaches_ready_and_stops_cleanly(
    qemu_backend: Backend, tiny_image: LabImage, engine: Engine
) -> None:
    refusal = engines.device_refusal() if engine == "kvm" else None
    if refusal:
        pytest.skip(refusal)
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with QemuBackend(engine).launch(tiny_image, Limits(), timeline) as instance:
        instance.wait_ready(60)  # a slow nested KVM needs 10 s for the firmware alone
        instance.stop()
    names = list(timeline.since_requested())
    assert names == [
        "requested", "created", "started", "kernel", "ready", "stop_requested", "stopped",
    ]  # fmt: skip


def test_the_command_line_names_the_engine(tiny_image: LabImage, tmp_path: Path) -> None:
    sockets = {"console": 3, "agent": 4, "qmp": 5}
    line = command("kvm", tiny_image, Limits(cpus=2, memory_mib=512), tmp_path, sockets)
    assert line[line.index("-accel") + 1] == "kvm"
    assert line[line.index("-smp") + 1] == "2"
    assert line[line.index("-m") + 1] == "512M"


@pytest.mark.kvm
def test_the_doctor_believes_in_kvm_only_after_the_lab_image_has_booted_under_it(
    qemu_backend: Backend,
    lab_image: LabImage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer must agree with a boot that is tried here; and the second question is free."""
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path))
    refusal = engines.device_refusal()
    if refusal:
        pytest.skip(refusal)
    began = time.monotonic()
    chosen = QemuBackend().engine(lab_image)
    assert time.monotonic() - began < BOOT_LIMIT_S + 5
    began = time.monotonic()
    assert QemuBackend().engine(lab_image) == chosen
    assert time.monotonic() - began < 2
    with pytest.raises(GuestTimeout) if chosen == "tcg" else nullcontext():
        _boot("kvm", lab_image)


def test_a_slow_boot_is_waited_for_as_long_as_its_console_speaks(
    qemu_backend: Backend, lab_image: LabImage
) -> None:
    """Emulated, it takes several times the silence that is allowed."""
    backend, words = QemuBackend("tcg"), talking(lab_image)
    clock = HostClock()
    began = clock.now()
    with backend._machine(lab_image, Limits(), Timeline(clock), words) as instance:
        instance.wait_ready(60)
    silence = (clock.now() - began) / 2  # on a slow computer a console is silent for longer
    with backend._machine(lab_image, Limits(), Timeline(clock), words) as instance:
        with pytest.raises(GuestTimeout):
            instance.wait_ready(0.1)
        began = clock.now()
        instance.wait_while_it_speaks(silence, 60)
        assert clock.now() - began > silence
    with (
        backend._machine(lab_image, Limits(), Timeline(clock), words) as instance,
        pytest.raises(GuestTimeout),
    ):
        instance.wait_while_it_speaks(0.2, 0.4)
