"""A daemon whose process ids are not this computer's: a real one, in a PID namespace of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

import labkit
from labkit.backends.docker.own_daemon import UNSHARED
from labkit.backends.table import make_backend
from labkit.experiments.benchmark.records import Run
from labkit.image import LabImage
from labkit.measure import sampler
from labkit.setup import diagnosis
from labkit.system.process import run
from tests.integration.daemon import own_daemon
from tests.integration.test_conformance import started

pytestmark = pytest.mark.docker
PROGRAMS = ("dockerd", "containerd")
ELSEWHERE = (*UNSHARED, "--pid", "--fork", "--kill-child", "--mount-proc")
# Which makes no control group for a process that it counts by another number.
NOT_SYSTEMD = ("--exec-opt", "native.cgroupdriver=cgroupfs")


def short_run(out: Path) -> Run:
    """By a lab of its own: at its end one removes all that bears its mark, this daemon's folder
    too."""
    words = ("--backends", "host,docker", "--workloads", "cpu", "--seconds", "0.2")
    once = ("--repeats", "1", "--warmups", "0", "--out", str(out))
    run([sys.executable, "-m", "labkit", "run", *words, *once])
    return labkit.load(str(out))


def test_a_strangers_process_is_not_measured(lab_image: LabImage, tmp_path: Path) -> None:
    with own_daemon(*NOT_SYSTEMD, enter=ELSEWHERE) as daemon:
        (finding,) = [f for f in diagnosis.examine().findings if f.backend == "docker"]
        assert finding.ready and "PID namespace" in " ".join(finding.notes)
        found = short_run(tmp_path / "run")
        services = make_backend("docker").services()
        known = [p for name in PROGRAMS for p in daemon.processes(name) if p.name() == name]
    samples = found.samples[found.samples["backend"] == "docker"]
    rows = samples[samples["role"] == "instance"]
    assert rows["pss_bytes"].isna().all() and rows["cpu_s"].isna().all()
    assert rows["processes"].isna().all() and rows["cgroup_bytes"].isna().all()
    assert rows["daemon_bytes"].gt(0).any() and rows["daemon_cpu_s"].gt(0).any()
    assert list(found.left_out) == ["docker, memory and CPU of container"]
    assert {pid for meter in services for pid in meter.pids} == {p.pid for p in known}


def test_services_are_those_of_the_daemon_that_is_asked(
    docker_backend: object, lab_image: LabImage
) -> None:
    """The computer's own daemon runs beside a second one: each is asked for itself."""
    first = {pid for meter in make_backend("docker").services() for pid in meter.pids}
    with own_daemon():
        backend = make_backend("docker")
        second = {pid for meter in backend.services() for pid in meter.pids}
        backend.prepare(lab_image)
        with started(backend, lab_image) as (instance, _):
            roles = {meter.role: meter for meter in instance.meters()}
            assert sampler.read(roles["instance"]).processes == 1
            assert "shim" in psutil.Process(roles["helper"].pids[0]).name()
            instance.stop()
    assert len(first) == len(second) == 2 and not first & second
