"""A daemon that cannot limit, and a lab that is itself limited: both real, and both told."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import labkit
from labkit.backends.docker.own_daemon import UNSHARED
from labkit.backends.table import make_backend
from labkit.errors import BackendError
from labkit.experiments.benchmark import data_quality, stats
from labkit.experiments.benchmark.records import Run
from labkit.image import LabImage
from labkit.measure import held
from labkit.recordings.facts import Limits
from labkit.system.cgroups import MOUNT
from labkit.system.clock import wait_until
from labkit.system.process import run
from tests.integration.daemon import own_daemon, require_root
from tests.integration.test_conformance import started

CONTROLLERS = (MOUNT / "memory", MOUNT / "cpuset")
WITHOUT = f'umount {" ".join(map(str, CONTROLLERS))} && exec "$@"'


def short_run(out: Path, *before: str) -> Run:
    """By a lab of its own; `before` are the words before its command line."""
    words = ("--backends", "host,docker", "--workloads", "cpu", "--seconds", "0.2")
    once = ("--repeats", "1", "--warmups", "0", "--out", str(out))
    run([*before, sys.executable, "-m", "labkit", "run", *words, *once])
    return labkit.load(str(out))


def of(table: object, backend: str) -> dict[str, object]:
    (row,) = (row for row in table.to_dict("records") if row["backend"] == backend)  # type: ignore[attr-defined]
    return {str(name): value for name, value in row.items()}


@pytest.mark.docker
def test_a_daemon_without_controllers_is_told_and_not_compared(
    lab_image: LabImage, tmp_path: Path
) -> None:
    if not all(folder.is_mount() for folder in CONTROLLERS):
        pytest.skip("control groups of version 1 are not mounted here, a tree each")
    with own_daemon(enter=(*UNSHARED, "sh", "-c", WITHOUT, "sh")):
        backend = make_backend("docker")
        cautions = backend.cautions()
        found = short_run(tmp_path / "run")
        with started(backend, lab_image) as (instance, _):
            with pytest.raises(BackendError, match="does not hold"):
                held.require(instance, backend.family, Limits())
            instance.stop()
    assert len(cautions) == 2 and "memory" in cautions[0] and "CPUs" in cautions[1]
    trial = of(found.trials, "docker")
    assert trial["held_memory_bytes"] == found.manifest.host.memory_bytes
    assert of(found.trials, "host")["held_memory_bytes"] == 256 * 2**20
    assert found.samples["cgroup_bytes"].isna().all()  # the group around it counts others, too
    startup = of(stats.startup(found.trials), "docker")
    assert startup["n"] == 1 and startup["n_ratio"] == 0
    issues = data_quality.quality_issues(found)
    assert "held_memory_bytes" in {i.quantity for i in issues if i.kind == "limits"}


@contextmanager
def half_a_cpu() -> Iterator[tuple[str, ...]]:
    """The words that run a program in a control group of its own, with half of one CPU's time."""
    require_root()
    tree = MOUNT / "cpu"
    if not (tree / "cpu.cfs_quota_us").exists() and not (MOUNT / "cgroup.controllers").exists():
        pytest.skip("there is no control group for CPU time")
    v1 = tree.is_dir()
    group = (tree if v1 else MOUNT) / f"test-half-{os.getpid()}"
    group.mkdir()
    try:
        if v1:
            (group / "cpu.cfs_quota_us").write_text("50000")
            (group / "cpu.cfs_period_us").write_text("100000")
        else:
            (MOUNT / "cgroup.subtree_control").write_text("+cpu")
            (group / "cpu.max").write_text("50000 100000")
        yield ("sh", "-c", f'echo $$ >{group}/cgroup.procs && exec "$@"', "sh")
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text(), timeout=10)
        group.rmdir()


@pytest.mark.docker
def test_a_lab_inside_limits_is_not_compared_with_a_container_outside(
    docker_backend: object, tmp_path: Path
) -> None:
    with half_a_cpu() as words:
        found = short_run(tmp_path / "run", *words)
        said = run([*words, sys.executable, "-m", "labkit", "doctor"]).stdout
    assert "0.5 CPUs" in said
    assert of(found.trials, "host")["held_cpus"] == 0.5
    assert of(found.trials, "docker")["held_cpus"] == 1
    speed = of(stats.throughput(found.results, found.trials), "docker")
    assert speed["n_ratio"] == 0 and speed["reason"]
    issues = [i for i in data_quality.quality_issues(found) if i.kind == "limits"]
    told = {(issue.backend, issue.quantity) for issue in issues}
    assert told == {("host", "held_cpus"), ("docker", "pair")}
