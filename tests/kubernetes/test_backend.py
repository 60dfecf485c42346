"""What is special about pods, on a real cluster; test_conformance.py has what each backend does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import labkit
from labkit import notes, orchestration
from labkit.backends.kubernetes import client, nodes, pod
from labkit.backends.kubernetes.backend import plain
from labkit.backends.piped import instance_name
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.experiments.orchestration.app import app
from labkit.guest.protocol import Request
from labkit.image import LabImage
from labkit.measure import held
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock, wait_until
from labkit.system.process_ids import belongs
from tests.conftest import ready_backend
from tests.kubernetes.built import BUILD_TIMEOUT_S, RELEASE
from tests.kubernetes.settings import Cluster
from tests.traces import traces

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(BUILD_TIMEOUT_S)]
LABKIT = str(Path(sys.executable).with_name("labkit"))


@pytest.fixture(scope="module")
def ready(cluster: Cluster, lab_image: LabImage) -> Iterator[Cluster]:
    ready_backend("kubernetes").prepare(lab_image)
    yield cluster


def test_the_set_up_brings_the_image_and_the_doctor_names_the_cluster(cluster: Cluster) -> None:
    done = subprocess.run(
        [LABKIT, "setup", "kubernetes"], check=True, capture_output=True, text=True, timeout=120
    )
    assert "kubernetes: ready, engine native" in done.stderr
    backend = make_backend("kubernetes")
    assert "own (context labkit-tests)" in backend.notes(None)[0]
    assert backend.version().startswith(f"Kubernetes {RELEASE.lstrip('v')}, containerd")
    assert backend.cautions() == ()


def test_it_is_held_to_its_share_and_all_that_serves_it_is_seen(
    ready: Cluster, lab_image: LabImage
) -> None:
    backend, limits = make_backend("kubernetes"), Limits(cpus=2, memory_mib=96)
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with backend.launch(lab_image, limits, timeline) as instance:
        instance.wait_ready()
        instance.run(Request("cpu", 0.3))
        meters = instance.late_meters()
        found = held.read(instance, backend.family, limits, meters)
        instance.stop()
    assert (found.memory_bytes, found.cpus) == (96 << 20, 2)
    assert [m.name for m in meters] == ["container", "containerd-shim", "pause"]
    assert all(m.pids and not m.why for m in meters)
    services = {m.name: m for m in backend.services()}
    assert set(services) == {"kubelet", "containerd", *nodes.CONTROL}
    assert all(len(m.pids) == 1 for m in services.values())
    assert traces(os.getpid()) == []


def test_what_no_node_has_room_for_is_told(ready: Cluster, lab_image: LabImage) -> None:
    limits = Limits(cpus=(os.cpu_count() or 1) + 1)
    with (
        pytest.raises(BackendError) as caught,
        make_backend("kubernetes").launch(lab_image, limits, Timeline(HostClock())),
    ):
        pass
    assert "Insufficient cpu" in caught.value.details and "--cpus" in caught.value.resolution
    assert traces(os.getpid()) == []


def test_an_image_that_is_not_there_is_told(
    ready: Cluster, lab_image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = pod.manifest("absent", lab_image, Limits())
    absent["spec"]["containers"][0]["image"] = "labkit/lab:absent"
    monkeypatch.setattr(pod, "manifest", lambda name, *_: {**absent, "metadata": pod.named(name)})
    with (
        pytest.raises(BackendError) as caught,
        make_backend("kubernetes").launch(lab_image, Limits(), Timeline(HostClock())),
    ):
        pass
    assert "labkit setup kubernetes" in caught.value.resolution


def test_a_run_is_recorded(ready: Cluster, tmp_path: Path) -> None:
    words = ["run", "--backends", "host,kubernetes", "--repeats", "2", "--warmups", "0"]
    words += ["--workloads", "cpu,disk", "--seconds", "0.5", "--json", "--out", f"{tmp_path}/run"]
    done = subprocess.run(
        [LABKIT, *words], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "kubernetes" in done.stdout
    with client.connected() as api:
        assert not api.list_namespace(label_selector=pod.OWNER_LABEL).items


def test_debians_programs_report_from_a_pod_and_a_server_without_a_way_to_it_is_told(
    ready: Cluster, tmp_path: Path
) -> None:
    words = ["run", "--backends", "host,kubernetes", "--repeats", "1", "--warmups", "0"]
    words += ["--workloads", "python,redis,iperf3", "--seconds", "1", "--out", f"{tmp_path}/run"]
    done = subprocess.run(
        [LABKIT, *words], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "left empty: kubernetes, iperf3: " in done.stderr, "before, and below the table"
    recorded = labkit.load(tmp_path / "run")
    reported = set(zip(recorded.metrics["backend"], recorded.metrics["workload"], strict=True))
    assert reported == {
        ("host", "python"), ("host", "redis"), ("host", "iperf3"),
        ("kubernetes", "python"), ("kubernetes", "redis"),
    }  # fmt: skip
    assert "iperf3" in recorded.manifest.backends["kubernetes"].unsupported


def test_a_pod_that_is_not_patient_ends_when_it_is_told_to(
    ready: Cluster, lab_image: LabImage
) -> None:
    space = plain(instance_name())
    with pod.namespace(space), app(space, lab_image, HostClock()) as one:
        one.apply(patient=False)
        [name] = one.until_ready({1}, 1)
        uid = one.api.read_namespaced_pod(name, space).metadata.uid
        mine = [psutil.Process(pid) for pid in psutil.pids() if belongs(pid, uid)]
        servers = [process for process in mine if "httpd" in process.cmdline()]
        assert servers
        one.api.delete_namespaced_pod(name, space, grace_period_seconds=60)
        assert wait_until(lambda: not any(s.is_running() for s in servers), timeout=15)


def test_pods_come_back_become_many_and_are_replaced(ready: Cluster, tmp_path: Path) -> None:
    words = ["orchestration", "--repeats", "1", "--replicas", "4", "--out", f"{tmp_path}/out"]
    done = subprocess.run(
        [LABKIT, *words], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
    recorded = labkit.load(tmp_path / "out")
    found = {row.part: row for row in notes.rows_of(recorded.outcomes)}
    assert list(found) == ["heal", "scale", "rollout abrupt", "rollout patient"]
    assert all(row.seconds > 0.5 for row in found.values())
    assert found["rollout patient"].sent > 20 and found["rollout patient"].lost == 0
    up = orchestration.stats.coming_up(recorded.moments)
    assert up.groupby("part").size().to_dict() == {
        "heal": 1, "scale": 3, "rollout abrupt": 3, "rollout patient": 3
    }  # fmt: skip
    assert (up["added_s"] <= up["ready_s"]).all()
