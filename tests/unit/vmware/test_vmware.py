"""The backend against a vmrun that writes down how it is called."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.backends.vmware import backend as module
from labkit.backends.vmware import vmrun
from labkit.backends.vmware.backend import VmwareBackend
from labkit.errors import BackendError
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.measure import cleanup, sampler
from labkit.recordings.facts import Limits
from labkit.recordings.words import MILESTONES, OF_PODS
from labkit.system.clock import HostClock, wait_until
from labkit.system.owner_marks import TEMP_PREFIX, mark_of, owner
from labkit.system.ownership import Judge
from tests.unit.recorders import Calls


@contextmanager
def started(image: LabImage, limits: Limits | None = None) -> Iterator[tuple[Instance, Timeline]]:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with VmwareBackend().launch(image, limits or Limits(), timeline) as instance:
        instance.wait_ready(10)
        yield instance, timeline


def nothing_is_left() -> bool:
    ours = [p for p in psutil.process_iter() if mark_of(p) == owner() and p.pid != os.getpid()]
    return not ours and not list(Path(tempfile.gettempdir()).iterdir())


def test_a_life(calls: Calls, small_image: LabImage) -> None:
    with started(small_image) as (instance, timeline):
        assert instance.run(Request("cpu", 0.1)).operations == 8
        (meter,) = instance.meters()
        assert meter.role == "instance" and not meter.why
        assert (sampler.read(meter).pss_bytes or 0) > 1 << 20
        instance.stop()
    assert list(timeline.since_requested()) == [
        m for m in MILESTONES if m not in ("first_response", *OF_PODS)
    ]
    assert nothing_is_left()


COMMANDS = """
vmrun -T ws start VMX nogui
vmware-vmx -s vmx.noUIBuildNumberCheck=TRUE -@ duplex=3;msgs=ui VMX
vmrun -T ws stop VMX hard
vmrun -T ws list
vmrun -T ws deleteVM VMX
"""


def test_the_exact_commands(calls: Calls, small_image: LabImage) -> None:
    with started(small_image) as (instance, _):
        instance.stop()
    vmx = Path(calls()[0][4])
    assert vmx.name.startswith(f"labkit-{owner()}-") and vmx.suffix == ".vmx"
    assert vmx.parent.name.startswith(f"labkit-{owner()}-")
    expected = COMMANDS.replace("VMX", str(vmx)).strip().splitlines()
    assert calls() == [line.split() for line in expected]


def test_a_machine_that_is_not_told_to_stop_is_ended(calls: Calls, small_image: LabImage) -> None:
    with pytest.raises(KeyboardInterrupt), started(small_image):
        raise KeyboardInterrupt
    assert [call[3] for call in calls() if call[0] == "vmrun"] == [
        *("start", "list", "stop", "deleteVM")
    ]
    assert nothing_is_left()


@pytest.mark.parametrize("fails", ["stop", "list", "deleteVM"])
def test_nothing_is_left_where_vmrun_fails(
    calls: Calls, small_image: LabImage, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    monkeypatch.setenv("FAKE_VMWARE_FAILS", fails)
    with pytest.raises(KeyboardInterrupt), started(small_image):
        raise KeyboardInterrupt
    assert nothing_is_left()


def test_a_start_that_is_refused(
    calls: Calls, small_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_VMWARE_FAILS", "start")
    with pytest.raises(BackendError) as caught, started(small_image):
        pass
    assert "Error: Insufficient permissions" in caught.value.details and caught.value.resolution
    assert nothing_is_left()


def test_two_machines_at_once(calls: Calls, small_image: LabImage) -> None:
    with started(small_image) as (first, _), started(small_image) as (second, _):
        assert first.meters()[0].pids != second.meters()[0].pids
        second.stop()
        assert first.run(Request("cpu", 0.1)).operations == 8
        first.stop()
    assert nothing_is_left()


def test_a_process_that_is_not_proven_to_be_the_machine_has_no_figure(
    calls: Calls, small_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started(small_image) as (instance, _):
        with monkeypatch.context() as patch:
            patch.setattr(vmrun, "MACHINE", "another-program")
            (meter,) = instance.meters()
        assert meter.pids == () and meter.why
        assert sampler.read(meter) == sampler.Reading()


@pytest.mark.parametrize("limits", [Limits(cpus=2), Limits(memory_mib=250)])
def test_limits_that_no_machine_of_its_has(
    calls: Calls, small_image: LabImage, limits: Limits
) -> None:
    with pytest.raises(BackendError) as caught, started(small_image, limits):
        pass
    assert caught.value.resolution.startswith("--")
    assert calls() == [] or [call[3] for call in calls()] == ["list", "deleteVM"]
    assert nothing_is_left()


KILLED = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from labkit.backends.timeline import Timeline
from labkit.backends.vmware.backend import VmwareBackend
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock
image = SimpleNamespace(iso=Path(sys.argv[1]))
with VmwareBackend().launch(image, Limits(), Timeline(HostClock())) as instance:
    instance.wait_ready(10)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("fails", ["", "list"])
def test_what_a_killed_lab_leaves_is_swept_by_vmrun(
    fails: str, calls: Calls, small_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark in the environment is not read here, as it is not where another user's is. Where
    vmrun's list cannot be had, its process is ended all the same."""
    temporary = Path(tempfile.gettempdir())
    environment = {**os.environ, "TMPDIR": str(temporary)}
    argv = [sys.executable, "-c", KILLED, str(small_image.iso)]
    killed = subprocess.run(argv, env=environment, check=False, timeout=60)
    assert killed.returncode < 0
    (vmx,) = temporary.glob("labkit-*/labkit-*.vmx")
    (process,) = vmrun.processes(vmx)
    other = temporary / "mine" / "labkit-1-2.3-4.vmx"
    other.parent.mkdir()
    other.touch()
    assert VmwareBackend().sweep(Judge(mine=True)) == [] and process.is_running()
    monkeypatch.setattr(cleanup, "_sweep_processes", lambda judge: [])
    monkeypatch.setenv("FAKE_VMWARE_FAILS", fails)
    removed = cleanup.sweep([VmwareBackend()])
    assert f"machine {vmx}" in removed and f"folder {vmx.parent}" in removed
    assert wait_until(lambda: not vmrun.processes(vmx), timeout=5)
    assert list(temporary.iterdir()) == [other.parent]
    assert (["vmrun", "-T", "ws", "stop", str(vmx), "hard"] in calls()) == (not fails)


def test_the_folder_of_a_machine_that_does_not_end_stays(
    calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(tempfile.mkdtemp(prefix=f"{TEMP_PREFIX}{owner()}-"))
    (folder / f"{folder.name}.vmx").touch()
    monkeypatch.setattr(vmrun, "processes", lambda vmx: [psutil.Process()])
    monkeypatch.setattr(psutil.Process, "kill", lambda process: None)
    monkeypatch.setattr(vmrun, "END_TIMEOUT_S", 0.1)
    judge = Judge(mine=True)
    assert judge.takes(owner(), "folder")
    assert VmwareBackend().sweep(judge) == []
    assert not judge.takes(owner(), "folder")


def test_sweeping_calls_nothing_where_no_machine_lies(calls: Calls) -> None:
    assert VmwareBackend().sweep(Judge()) == [] and calls() == []


def test_what_is_missing(calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert VmwareBackend().missing() is None and VmwareBackend().cautions()
    assert VmwareBackend().problem() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = VmwareBackend().missing()
    assert missing is not None and "vmrun" in missing.reason and module.SITE in missing.fix
    assert module.UNTRIED in missing.reason
    assert VmwareBackend().sweep(Judge()) == []


def test_the_version(calls: Calls) -> None:
    assert VmwareBackend().version() == "VMware Workstation, vmrun 1.17.0 build-24409262"


def test_it_is_in_no_group_and_no_run_that_does_not_name_it() -> None:
    from labkit.backends.table import DEFAULT, GROUPS

    assert "vmware" not in {*DEFAULT, *(name for group in GROUPS.values() for name in group)}
