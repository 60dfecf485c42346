"""What every backend must do, on the real ones. A cell that a backend leaves empty says why."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.backends.instance import READY_TIMEOUT_S, Instance
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.protocol import Request, Script
from labkit.guest.workload import all_workloads
from labkit.image import LabImage
from labkit.measure import cleanup, sampler
from labkit.recordings.facts import Limits
from labkit.recordings.words import MILESTONES, OF_PODS
from labkit.system.clock import HostClock, wait_until
from labkit.system.host import cpu_set
from tests.conftest import ready_backend
from tests.kubernetes.built import BUILD_TIMEOUT_S
from tests.traces import traces

MIB = 1024 * 1024
LABKIT = str(Path(sys.executable).with_name("labkit"))
# Backend → the marker of its tests.
BACKENDS = {
    "host": "",
    "chroot": "namespaces",
    "unshare": "namespaces",
    "crun": "crun",
    "runc": "runc",
    "containerd": "containerd",
    "docker": "docker",
    "docker:rm=yes:network=host:seccomp=unconfined": "docker",
    "docker:security=default": "docker",
    "docker-cli": "docker",
    "docker-cli:rm=yes": "docker",
    "bubblewrap": "namespaces",
    "firejail": "namespaces",
    "nspawn": "nspawn",
    "lxc": "lxc",
    "podman": "podman",
    "runsc": "runsc",
    "uml": "uml",
    "kubernetes": "kubernetes",
    "xen": "xen",
    "qemu": "qemu",
    "qemu-resumed": "qemu",
    "virtualbox-resumed": "virtualbox",
    "virtualbox": "virtualbox",
    "vmware": "qemu",
}
SLOW = "interprets every instruction; tests/integration/test_virtualbox.py does it in one start"
ONE_MACHINE = "its snapshot belongs to one machine, which runs once at a time"
ONE_PROCESSOR = "its boot medium is for one processor"
IN_QEMU = "the vmrun of these tests boots QEMU, whose own memory that would be"
NO_PROCESS = "a domain is no process: tests/computers/test_debian_12_xen.py looks what Xen says"
SAME_STATE = "resumed, its processors and memory are those of the saved state"
CPU_TIME = "its limit is one of time: tests/kubernetes/test_backend.py looks at that"
# (backend, test) → why it is left out.
EMPTY = {
    ("runsc", "two cpus"): "its /proc does not tell on which processors a program may run",
    ("uml", "two cpus"): "its kernel has one processor",
    ("virtualbox", "workloads"): SLOW,
    ("virtualbox", "protocol"): SLOW,
    ("virtualbox", "ballast"): SLOW,
    ("virtualbox", "memory"): SLOW,
    ("virtualbox", "broken off"): SLOW,
    ("virtualbox", "two at once"): SLOW,
    ("virtualbox", "killed"): SLOW,
    ("virtualbox", "cpus"): SLOW,
    ("virtualbox", "two cpus"): SLOW,
    ("virtualbox-resumed", "two cpus"): SAME_STATE,
    ("virtualbox-resumed", "workloads"): SLOW,
    ("virtualbox-resumed", "ballast"): SLOW,
    ("virtualbox-resumed", "memory"): SAME_STATE,
    ("virtualbox-resumed", "two at once"): ONE_MACHINE,
    ("virtualbox-resumed", "killed"): SLOW,
    ("vmware", "two cpus"): ONE_PROCESSOR,
    ("vmware", "ballast"): IN_QEMU,
    ("kubernetes", "two cpus"): CPU_TIME,
    ("xen", "ballast"): NO_PROCESS,
    ("xen", "cpus"): NO_PROCESS,
    ("qemu-resumed", "two cpus"): SAME_STATE,
    ("qemu-resumed", "ballast"): SAME_STATE,
    ("qemu-resumed", "memory"): SAME_STATE,
}


def parameters() -> list[object]:
    marks = {name: [getattr(pytest.mark, mark)] if mark else [] for name, mark in BACKENDS.items()}
    marks["kubernetes"].append(pytest.mark.timeout(BUILD_TIMEOUT_S))  # the first builds a cluster
    return [pytest.param(name, marks=marks[name]) for name in BACKENDS]


@pytest.fixture(scope="module", params=parameters())
def backend(request: pytest.FixtureRequest, lab_image: LabImage) -> Iterator[Backend]:
    """Set up, with the lab image loaded and its saved state made, as before a run's first trial."""
    if request.param.startswith("docker"):
        request.getfixturevalue("docker_backend")
    if request.param == "kubernetes":
        request.getfixturevalue("cluster")
    if request.param == "vmware":
        request.getfixturevalue("vmware_in_qemu")
    found = ready_backend(request.param)
    found.prepare(lab_image)
    with found.saved_state(lab_image, Limits()):
        yield found


def unless_empty(backend: Backend, test: str) -> None:
    if (backend.name, test) in EMPTY:
        pytest.skip(f"{backend.name}: {EMPTY[backend.name, test]}")


@contextmanager
def started(
    backend: Backend, image: LabImage, limits: Limits | None = None
) -> Iterator[tuple[Instance, Timeline]]:
    timeline = Timeline(HostClock())
    timeline.mark("requested")
    with backend.launch(image, limits or Limits(), timeline) as instance:
        # The tests' own vmrun boots by way of a BIOS, emulated, several times as long as others.
        instance.wait_ready(240 if backend.name == "vmware" else READY_TIMEOUT_S)
        yield instance, timeline


def keeps_a_state(backend: Backend) -> bool:
    """Whether something of ours lives on between two tests, and must not be swept."""
    return backend.start == "resumed" or backend.name in ("chroot", "kubernetes")


def left_behind(backend: Backend) -> list[str]:
    """What of ours still runs or lies about, but for a saved state, which lives on; then looks
    whether the lab's own sweep would have found more."""
    if keeps_a_state(backend):
        return [name for name in traces(os.getpid()) if "container" in name or "pod " in name]
    return traces(os.getpid()) or cleanup.sweep([backend], mine=True)


def something_runs(pid: int) -> bool:
    """A process or a container of this lab, not only a folder."""
    return any(not found.startswith("/") for found in traces(pid))


def is_guest(backend: Backend) -> bool:
    return backend.family in ("hypervisor", "host-virtualization")


def test_a_life_from_requested_to_stopped(backend: Backend, lab_image: LabImage) -> None:
    with started(backend, lab_image) as (instance, timeline):
        instance.run(Request("cpu", 0.3))
        instance.all_meters()  # a pod's sandbox is known by its process
        instance.stop()
    reached = timeline.since_requested()
    silent = "milestone kernel" in backend.unsupported
    boots = is_guest(backend) and backend.start == "cold" and not silent
    never = {"first_response"} if boots else {"first_response", "kernel"}
    if backend.name != "kubernetes":
        never |= {*OF_PODS}
    assert list(reached) == [m for m in MILESTONES if m not in never]
    assert sorted(reached.values()) == list(reached.values())
    assert left_behind(backend) == []


def test_every_workload_runs_for_about_the_time_it_was_given(
    backend: Backend, lab_image: LabImage
) -> None:
    unless_empty(backend, "workloads")
    with started(backend, lab_image) as (instance, _):
        for name, workload in all_workloads().items():
            if workload.network or workload.packages:
                continue  # see test_web.py and test_programs.py: it wants a network, programs
            if name in backend.unsupported:
                assert len(backend.unsupported[name]) > 20, "a reason, in words"
                continue
            answer = instance.run(Request(name, 0.5))
            # The beginning is noted when its line is read, which may be late.
            assert max(answer.end - answer.begin, answer.guest_seconds or 0) > 0.4, name
            assert (answer.operations is not None) == workload.counts, name
            if workload.counts:
                assert answer.operations and answer.operations > 0, name
        instance.stop()


def test_what_the_agent_cannot_do_is_told_and_it_goes_on(
    backend: Backend, lab_image: LabImage
) -> None:
    unless_empty(backend, "protocol")
    with started(backend, lab_image) as (instance, _):
        with pytest.raises(BackendError) as caught:
            instance.run(Request("nope", 0.3))
        assert "no such workload" in caught.value.details
        instance._session._stream.send(b"\x00\xff torn \n\nRUN\nRUN 1\n")
        with pytest.raises(BackendError):
            instance.run(Request("ballast", 0.3, (("mib", "many"),)))
        assert instance.run(Request("fork", 0.3)).operations
        instance.stop()


@pytest.mark.parametrize("mib", [64, 128])
def test_a_ballast_shows_in_the_meters(backend: Backend, lab_image: LabImage, mib: int) -> None:
    """N MiB held inside appear outside. A guest's memory that was used before does not appear a
    second time, so a guest gets less than what it had already touched."""
    unless_empty(backend, "ballast")
    with started(backend, lab_image, Limits(memory_mib=384)) as (instance, _):
        meters = [meter for meter in instance.all_meters() if meter.role == "instance"]
        before = sum(sampler.read(meter).pss_bytes or 0 for meter in meters)
        watch = sampler.Sampler(HostClock())
        watch.add(meters)
        with watch:
            instance.run(Request("ballast", 1.5, (("mib", str(mib)),)))
        held = [r.reading.pss_bytes or 0 for r in watch.readings]
        instance.stop()
    grown = (max(held) - before) / MIB
    least = mib * 0.95 if backend.family != "hypervisor" else 1
    assert least <= grown <= mib + 16


def test_the_memory_limit_holds(backend: Backend, lab_image: LabImage) -> None:
    """A ballast above it fails, and that is told; one below it does not."""
    unless_empty(backend, "memory")
    limits = Limits(memory_mib=128)
    with started(backend, lab_image, limits) as (instance, _):
        instance.run(Request("ballast", 0.3, (("mib", "40"),)))
        with pytest.raises(BackendError) as caught:
            instance.run(Request("ballast", 1, (("mib", "200"),)))
    assert "ballast" in caught.value.brief
    assert left_behind(backend) == []


def test_an_instance_keeps_to_its_cpus(backend: Backend, lab_image: LabImage) -> None:
    """One CPU: a second of work costs its processes no more than a second of CPU time (and for a
    virtual machine, what the machine's own threads add); and the kernel says so of each."""
    unless_empty(backend, "cpus")
    with started(backend, lab_image) as (instance, _):
        (meter,) = [m for m in instance.all_meters() if m.role == "instance"]
        readings = []
        answer = instance.run(
            Request("cpu", 1.0), on_begin=lambda: readings.append(sampler.read(meter))
        )
        time.sleep(0.1)  # the last step's process is waited for: its time then is in the sum
        readings.append(sampler.read(meter))
        if not is_guest(backend) and "CPU set" not in backend.unsupported:
            processes = sampler.processes_of(meter)
            assert processes
            assert {tuple(p.cpu_affinity()) for p in processes} == {tuple(cpu_set(1))}
        instance.stop()
    spent = (readings[1].cpu_s or 0) - (readings[0].cpu_s or 0)
    # On a busy computer it gets less than its CPU, never more.
    assert 0.05 < spent / (answer.end - answer.begin) < 1.25


def test_an_instance_gets_as_many_cpus_as_it_shall(backend: Backend, lab_image: LabImage) -> None:
    """Two, as its own kernel says of each program in it."""
    unless_empty(backend, "two cpus")
    if (os.cpu_count() or 1) < 2:
        pytest.skip("this computer has one CPU")
    with started(backend, lab_image, Limits(cpus=2)) as (instance, _):
        said = instance.shell(Script("cat /proc/self/status")).out.decode()
        instance.stop()
    # A script's time watcher looks once a second whether that has ended: swept, as by a session.
    if not keeps_a_state(backend):
        cleanup.sweep([backend], mine=True)
    (mask,) = re.findall(r"^Cpus_allowed:\s+([0-9a-f,]+)$", said, re.MULTILINE)
    allowed = int(mask.replace(",", ""), 16)
    expected = {0, 1} if is_guest(backend) else set(cpu_set(2))
    assert {cpu for cpu in range(allowed.bit_length()) if allowed >> cpu & 1} == expected


def test_its_meters_read(backend: Backend, lab_image: LabImage) -> None:
    """Each meter reads memory and CPU time above zero, also those of helpers and services; a
    control group's where the backend has one."""
    unless_empty(backend, "cpus")
    with started(backend, lab_image) as (instance, _):
        instance.run(Request("cpu", 1.0))
        time.sleep(0.1)
        meters = [*instance.all_meters(), *backend.services()]
        readings = {meter: sampler.read(meter) for meter in meters}
        instance.stop()
    assert {meter.role for meter in meters} >= {"instance"}
    for meter, reading in readings.items():
        assert reading.cpu_s is not None and reading.cpu_s >= 0, meter
        if meter.role == "instance":
            assert reading.cpu_s > 0.05, meter
        if meter.pids:
            assert min(reading.rss_bytes or 0, reading.pss_bytes or 0, reading.uss_bytes or 0) > 0
        else:
            assert reading.cpu_s > 0 and reading.rss_bytes == 0, "it has ended"
        if meter.cgroup is not None:
            assert (reading.cgroup_bytes or 0) > 0, meter
    grouped = any(meter.cgroup is not None for meter in meters)
    can = backend.family in ("container", "user-space-kernel")
    assert grouped == (can and "control group" not in backend.unsupported)


def test_nothing_is_left_when_the_caller_breaks_off(backend: Backend, lab_image: LabImage) -> None:
    unless_empty(backend, "broken off")
    with pytest.raises(KeyboardInterrupt), started(backend, lab_image):
        raise KeyboardInterrupt
    assert left_behind(backend) == []


def test_two_instances_at_once_do_not_meet(backend: Backend, lab_image: LabImage) -> None:
    unless_empty(backend, "two at once")
    with started(backend, lab_image) as (first, _), started(backend, lab_image) as (second, _):
        assert first.run(Request("fork", 0.3)).operations
        assert second.run(Request("fork", 0.3)).operations
        first.stop()
        assert second.run(Request("fork", 0.3)).operations
        second.stop()
    assert left_behind(backend) == []


def test_what_a_killed_lab_leaves_is_cleaned_by_the_next(backend: Backend, tmp_path: Path) -> None:
    unless_empty(backend, "killed")
    words = ["run", "--backends", backend.name, "--seconds", "20", "--warmups", "0"]
    lab = subprocess.Popen(
        [LABKIT, *words, "--out", str(tmp_path / "run")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert wait_until(lambda: (tmp_path / "run").exists(), timeout=60)
        assert wait_until(lambda: something_runs(lab.pid), timeout=60, interval=0.1)
        time.sleep(1.0 if backend.family == "container" else 0.5)
        lab.send_signal(signal.SIGSTOP)  # once it is killed, any lab that runs may clean up
        assert traces(lab.pid) != []
    finally:
        lab.kill()
        lab.wait()
    subprocess.run([LABKIT, "clean"], check=True, timeout=60, stdout=subprocess.DEVNULL)
    assert traces(lab.pid) == []


def test_no_mount_of_ours_is_seen_on_the_host(backend: Backend, lab_image: LabImage) -> None:
    """An engine mounts in folders of its own; what a backend mounts is in its own namespace, and
    goes with that. Other programs' mounts come and go meanwhile."""
    if is_guest(backend):
        pytest.skip("a guest mounts inside")
    with started(backend, lab_image) as (instance, _):
        assert "labkit-" not in Path("/proc/mounts").read_text()
        instance.stop()
    assert "labkit-" not in Path("/proc/mounts").read_text()
