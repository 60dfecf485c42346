"""The file behind a machine's scratch disk in each format, on the real QEMU."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from labkit.backends.qemu.disk_format import IMAGER
from labkit.backends.timeline import Timeline
from labkit.experiments import benchmark
from labkit.experiments.benchmark import stats
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.recordings.facts import DISK_FORMAT, DISK_FORMATS, Limits
from labkit.system.clock import HostClock
from labkit.system.process import run
from tests.conftest import ready_backend

pytestmark = pytest.mark.qemu


@pytest.mark.parametrize("kind", DISK_FORMATS)
def test_what_the_guest_writes_is_in_a_file_of_that_format(
    lab_image: LabImage,
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    backend = ready_backend(f"qemu:{DISK_FORMAT}={kind}")
    with backend.launch(lab_image, Limits(), Timeline(HostClock())) as instance:
        instance.wait_ready(120)
        [file] = tmp_path.rglob(f"scratch.{kind}")
        empty = file.stat().st_blocks
        assert instance.run(Request("disk", 0.3)).operations
        assert file.stat().st_blocks > empty
        told = json.loads(run([IMAGER, "info", "-U", "--output=json", str(file)]).stdout)
        instance.stop()
    assert (told["format"], told["virtual-size"]) == (kind, 64 << 20)


def test_a_sweep_of_formats_is_recorded(tmp_path: Path) -> None:
    ready_backend(f"qemu:{DISK_FORMAT}=qcow2")
    run = benchmark.run(
        ["qemu"],
        sweep=["disk=raw,qcow2"],
        repeats=1,
        warmups=0,
        seconds=0.3,
        workloads=["disk"],
        out=tmp_path / "run",
        progress=False,
    )
    assert list(run.trials["status"]) == ["ok", "ok"]
    table = stats.scaling(run)
    assert set(table["setting"]) == {DISK_FORMAT}
    assert set(table["quantity"]) >= {"startup_s", "ops_per_s"}
    assert list(table[table["quantity"] == "ops_per_s"]["value"]) == ["raw", "qcow2"]
