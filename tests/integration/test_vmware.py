"""VMware's backend from request to result, with a vmrun that boots its machine's devices in QEMU.

VMware itself is on no computer at hand: that its own programs take the .vmx is not shown here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import labkit
from labkit.backends.base import Backend
from labkit.backends.boot_medium import SCRATCH_MIB
from labkit.backends.timeline import Timeline
from labkit.backends.vmware.backend import VmwareBackend
from labkit.guest.protocol import Request, Script
from labkit.image import LabImage
from labkit.measure import sampler
from labkit.recordings.facts import Limits
from labkit.recordings.words import MILESTONES, OF_PODS
from labkit.system.clock import HostClock
from tests.traces import traces

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(600)]
PATIENCE_S = 240  # a busy computer boots several times as long
DEVICES = "/bin/busybox cat /proc/bus/pci/devices /proc/partitions"


def test_a_whole_life(vmware_in_qemu: Backend, lab_image: LabImage) -> None:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with VmwareBackend().launch(lab_image, Limits(), timeline) as instance:
        instance.wait_ready(PATIENCE_S)
        assert instance.run(Request("cpu", 0.5)).operations
        seen = instance.shell(Script(DEVICES)).out.decode().split()
        (reading,) = [sampler.read(meter) for meter in instance.all_meters()]
        instance.stop()
    assert "15ad0405" in seen, "VMware's graphics card"
    assert seen[seen.index("nvme0n1") - 1] == str(SCRATCH_MIB << 10), "the disk, in KiB"
    assert (reading.pss_bytes or 0) > 1 << 20 and (reading.cpu_s or 0) > 0
    assert list(timeline.since_requested()) == [
        m for m in MILESTONES if m not in ("first_response", *OF_PODS)
    ]
    assert traces(os.getpid()) == []


def test_a_run_by_the_command(vmware_in_qemu: Backend, tmp_path: Path) -> None:
    words = ["--backends", "host,vmware", "--repeats", "1", "--warmups", "0", "--seconds", "0.5"]
    words += ["--ready-timeout", str(PATIENCE_S)]
    command = [str(Path(sys.executable).with_name("labkit")), "run", *words]
    subprocess.run([*command, "--out", str(tmp_path / "run")], check=True, timeout=500)
    run = labkit.load(tmp_path / "run")
    assert run.manifest.backends["vmware"].engine == "vmware"
    assert set(run.trials["status"]) == {"ok"} and set(run.results["backend"]) == {"host", "vmware"}
