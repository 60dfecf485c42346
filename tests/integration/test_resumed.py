"""Machines that continue from a saved state, on the real QEMU."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.qemu.instance import QemuInstance
from labkit.backends.qemu.resumed import QemuResumedBackend
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.experiments import benchmark
from labkit.guest.protocol import Script
from labkit.image import LabImage
from labkit.measure import cleanup
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock

pytestmark = pytest.mark.qemu


def test_cold_and_resumed_starts_stand_side_by_side(qemu_backend: Backend, tmp_path: Path) -> None:
    run = benchmark.run(
        ["qemu", "qemu-resumed"],
        repeats=2,
        seconds=0.3,
        workloads=["cpu", "disk"],
        out=tmp_path / "run",
        progress=False,
    )
    assert set(run.trials["status"]) == {"ok"}
    starts = run.trials.groupby("backend")["start"].unique()
    assert list(starts["qemu"]) == ["cold"] and list(starts["qemu-resumed"]) == ["resumed"]
    slowest = run.trials.groupby("backend")["startup_s"].max()
    fastest = run.trials.groupby("backend")["startup_s"].min()
    assert slowest["qemu-resumed"] < fastest["qemu"]
    milestones = set(run.milestones[run.milestones["backend"] == "qemu-resumed"]["milestone"])
    assert "kernel" not in milestones, "its kernel has started long before"
    done = run.results.groupby("backend")["workload"].unique()
    assert list(done["qemu-resumed"]) == ["cpu"]
    assert "NVMe" in run.manifest.backends["qemu-resumed"].unsupported["disk"]


def test_without_a_saved_state_nothing_is_resumed(
    qemu_backend: Backend, lab_image: LabImage
) -> None:
    backend = QemuResumedBackend("tcg")
    with (
        pytest.raises(BackendError, match="no saved state"),
        backend.launch(lab_image, Limits(), Timeline(HostClock())),
    ):
        pass


def test_what_a_resumed_kernel_says_later_is_no_boot(
    qemu_backend: Backend, lab_image: LabImage
) -> None:
    backend = QemuResumedBackend("tcg")
    with backend.saved_state(lab_image, Limits()):
        timeline = Timeline(HostClock())
        timeline.mark("requested")
        with backend.launch(lab_image, Limits(), timeline) as instance:
            instance.wait_ready()
            assert instance.shell(Script("echo said by a test >/dev/kmsg")).status == 0
            instance.stop()
            assert isinstance(instance, QemuInstance)
            assert "said by a test" in (instance._folder / "console.log").read_text()
    assert "kernel" not in timeline.since_requested()


def test_a_damaged_state_is_told_and_nothing_is_left(
    qemu_backend: Backend, lab_image: LabImage
) -> None:
    backend = QemuResumedBackend("tcg")
    with backend.saved_state(lab_image, Limits()):
        state = backend._state
        assert state is not None
        state.write_bytes(state.read_bytes()[:1000])
        with (
            pytest.raises(BackendError),
            backend.launch(lab_image, Limits(), Timeline(HostClock())) as instance,
        ):
            instance.wait_ready(20)
    assert cleanup.sweep([backend], mine=True) == []


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's in it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        yield Path(name)


def test_a_state_lies_where_the_path_says(
    qemu_backend: Backend, lab_image: LabImage, short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a shell reads the path, it empties the file before the space, and runs what follows."""
    other, folder = short_path / "s", short_path / "s p;touch ran"
    other.write_text("somebody's")
    folder.mkdir()
    monkeypatch.chdir(short_path)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    backend = QemuResumedBackend("tcg")
    try:
        with (
            backend.saved_state(lab_image, Limits()),
            backend.launch(lab_image, Limits(), Timeline(HostClock())) as instance,
        ):
            instance.stop()
    finally:
        assert other.read_text() == "somebody's"
    assert set(short_path.iterdir()) == {other, folder} and list(folder.iterdir()) == []
