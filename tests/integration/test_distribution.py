"""A distribution as one has it, for real: installed once, booted to its login behind each boundary,
asked how it has booted; nothing of it is changed, nothing is left."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.backends.distribution.virtualbox import INTERPRETED, DistributionVirtualBoxBackend
from labkit.backends.own.instance import OwnInstance
from labkit.backends.timeline import Timeline
from labkit.experiments import benchmark
from labkit.experiments.benchmark import boot, stats
from labkit.experiments.benchmark.records import Run
from labkit.image import LabImage, distribution
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock, wait_until
from tests.conftest import ready_backend
from tests.traces import traces

# Installed in a minute or two, booted by emulation in half a minute; a busy computer is slower.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
BOOTED = ("docker:distribution=booted", "nspawn:distribution=booted", "qemu:distribution=booted")
BACKENDS = ["docker:distribution=plain", *BOOTED]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    for name in BACKENDS:
        ready_backend(name)
    out = tmp_path_factory.mktemp("distribution") / "run"
    made: Run = benchmark.run(
        BACKENDS, profile="distribution", repeats=1, warmups=0, seconds=1, out=out, progress=False
    )
    return made


@pytest.fixture(scope="module")
def digests(run: Run) -> Iterator[dict[str, str]]:
    """Of what machines boot, before and after: they are read only."""
    found = distribution.find()
    assert found is not None
    yield {path.name: _sha256(path) for path in (found.archive, found.boot_medium)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.docker
@pytest.mark.nspawn
@pytest.mark.qemu
def test_all_boot_to_their_login_and_end_by_themselves(run: Run) -> None:
    assert dict(run.left_out) == {}
    assert (run.trials["status"] == "ok").all() and len(run.trials) == len(BACKENDS)
    stopped = run.milestones[run.milestones["milestone"] == "stopped"]
    assert set(stopped["backend"]) == set(BOOTED)
    assert [trace for trace in traces(os.getpid()) if "claim" not in trace] == []


@pytest.mark.docker
@pytest.mark.nspawn
@pytest.mark.qemu
def test_the_same_bits_are_held_to_the_same_limits(run: Run) -> None:
    found = distribution.find()
    assert found is not None and found.digest == _sha256(found.archive)
    told = {info.configuration["distribution digest"] for info in run.manifest.backends.values()}
    assert told == {found.digest}
    limits = run.trials.set_index("backend")[["held_memory_bytes", "held_cpus"]]
    containers = limits.loc[[name for name in BACKENDS if "qemu" not in name]]
    assert set(containers["held_memory_bytes"]) == {512 << 20}
    assert set(limits["held_cpus"]) == {1.0}


@pytest.mark.docker
@pytest.mark.nspawn
@pytest.mark.qemu
def test_systemd_is_asked_in_each_that_has_one(run: Run) -> None:
    assert set(run.reports["backend"]) == set(BOOTED)
    assert run.reports["text"].str.contains("\nsystem is running\n").all()
    table = stats.boot(run).set_index(["backend", "figure"])["median_s"]
    for name in BOOTED:
        assert table[name, "total"] > 0 and table[name, "ours"] > 0
    kernels = {name for name, figure in table.index if figure == "kernel"}
    assert kernels == {"qemu:distribution=booted"}
    assert table["qemu:distribution=booted", "before_kernel"] > 0
    assert boot.text(run) and boot.installed(run)


@pytest.mark.nspawn
def test_nothing_is_written_into_its_root(run: Run) -> None:
    """A first start makes a machine's id: not here."""
    found = distribution.find()
    assert found is not None
    assert (found.root / "etc/machine-id").read_bytes() == b""
    assert not any((found.root / "var/log/journal").iterdir())


@pytest.mark.virtualbox
def test_a_machine_of_virtualbox_boots_it_as_far_as_its_engine_goes(lab_image: LabImage) -> None:
    """Without the driver, to its kernel's first words: by then all of the lab's own has worked."""
    ready_backend("virtualbox")
    backend = DistributionVirtualBoxBackend(variation={"distribution": "booted"})
    interprets = backend.engine(None) == "vbox-recompiler"
    assert (backend.missing() == INTERPRETED) == interprets
    ready_backend("docker:distribution=plain")
    backend.prepare(lab_image)
    found = distribution.find()
    assert found is not None
    before = _sha256(found.disk)
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with backend.launch(lab_image, Limits(memory_mib=512), timeline) as instance:
        assert isinstance(instance, OwnInstance) and instance.meters()
        reached = "kernel" if interprets else "ready"
        if not interprets:
            instance.wait_ready(300)
        assert wait_until(lambda: reached in timeline.since_requested(), timeout=400, interval=1)
    assert list(timeline.since_requested())[:4] == ["requested", "created", "started", "kernel"]
    assert _sha256(found.disk) == before
