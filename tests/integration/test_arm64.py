"""A lab image for another processor: built without root, and booted for real."""

from __future__ import annotations

import json
import tarfile

import pytest

from labkit import image
from labkit.backends.qemu.backend import QemuBackend
from labkit.backends.qemu.command import PROGRAMS
from labkit.backends.timeline import Timeline
from labkit.errors import LabError
from labkit.guest.programs import metrics_of
from labkit.guest.protocol import Request
from labkit.guest.workload import parse_task
from labkit.image import LabImage
from labkit.image.architecture import ARM64
from labkit.measure.web.client import get, wait_for_answer
from labkit.recordings.facts import Limits
from labkit.setup import apt
from labkit.setup.qemu import PACKAGES
from labkit.system.clock import HostClock
from labkit.system.process import find_tool
from tests.conftest import unavailable

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(600)]

TASKS = [parse_task(text) for text in ("python", "redis")]
AARCH64 = 183  # e_machine, elf(5)


@pytest.fixture(scope="module")
def arm_image() -> LabImage:
    return image.build(architecture=ARM64, progress=False)


@pytest.fixture
def emulator() -> QemuBackend:
    try:
        if find_tool(PROGRAMS[ARM64]) is None:
            apt.install(PACKAGES[ARM64], lambda message: None)
    except LabError as error:
        unavailable("qemu", str(error))
    return QemuBackend("tcg")


def test_the_image_is_one_for_arm(arm_image: LabImage) -> None:
    busybox = (arm_image.rootfs / "bin/busybox").read_bytes()
    assert int.from_bytes(busybox[18:20], "little") == AARCH64
    assert arm_image.architecture == ARM64
    assert arm_image.kernel_version.endswith("-cloud-arm64")
    assert arm_image.iso is None
    with tarfile.open(arm_image.container_tar) as archive:
        [name] = [n for n in archive.getnames() if n.endswith(".json") and n != "manifest.json"]
        config = json.load(archive.extractfile(name))  # type: ignore[arg-type]
    assert config["architecture"] == "arm64"


@pytest.mark.parametrize("network", [False, True])
def test_it_boots_works_and_stops(
    arm_image: LabImage, emulator: QemuBackend, network: bool
) -> None:
    started = image.networked(arm_image, progress=False) if network else arm_image
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    limits = Limits(cpus=1, memory_mib=256, network=network)
    with emulator.launch(started, limits, timeline) as instance:
        instance.wait_ready(240)
        done = [instance.run(Request(name, 0.5)) for name in ("cpu", "disk")]
        if instance.port is not None:
            with instance.running(Request("http", 60)):
                wait_for_answer(instance.port, HostClock())
                get(instance.port, "/end.sh")
        instance.stop()
    assert all((answer.operations or 0) > 0 for answer in done)
    assert list(timeline.since_requested())[:5] == [
        "requested", "created", "started", "kernel", "ready",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_debians_programs_for_arm_run_and_report(emulator: QemuBackend) -> None:
    """Those inside; a server's client would be a program of an ARM computer itself."""
    packages = [name for task in TASKS for name in task.workload.packages]
    built = image.build(architecture=ARM64, packages=packages, progress=False)
    with emulator.launch(built, Limits(memory_mib=512), Timeline(HostClock())) as instance:
        instance.wait_ready(240)
        # Each module is compiled at each start there: this computer cannot do it for ARM.
        instance.preparation_s = instance.goodbye_s = 400.0
        for task in TASKS:
            instance.run(task.request(4.0))
            found = metrics_of(task.workload.program, instance.report())
            assert found and all(metric.value > 0 for metric in found), task.label
        instance.stop()
