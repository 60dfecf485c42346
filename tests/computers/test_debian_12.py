"""Debian 12 with version 2 of control groups alone, and with hardware virtualization: AMD-V,
which is emulated. Each of these tests takes minutes; its time limits are those of a busy
computer."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.computers.machine import Machine
from tests.computers.suite import patient

pytestmark = [pytest.mark.computer, pytest.mark.timeout(2 * 2400)]

PATIENCE_S = 1500
# As `labkit`, with a time limit for the question whether KVM counts that fits an emulated computer.
PATIENT_LABKIT = """python -c '
from labkit.backends.qemu import backend
backend.BOOT_SILENCE_S, backend.BOOT_LIMIT_S = 100.0, 400.0
from labkit.cli import main
main()
'"""
SHORT = "--repeats 2 --warmups 0 --seconds 1 --workloads cpu --ready-timeout 400"


def table(machine: Machine, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(machine.run(f"cat {path}").stdout)))


def complete(trials: list[dict[str, str]]) -> dict[str, str]:
    """Backend → engine. An emulated computer stands still now and then, which disturbs a trial."""
    assert {one["status"] for one in trials} <= {"ok", "disturbed"}, trials
    return {one["backend"]: one["engine"] for one in trials if one["status"] == "ok"}


def test_a_container_is_measured_by_its_control_group(debian_12: Machine) -> None:
    words = f"labkit run --backends host,docker {SHORT} --out /tmp/v2"
    debian_12.run(f"{patient(3)}\n{words}", PATIENCE_S)
    trials = table(debian_12, "/tmp/v2/trials.csv")
    assert complete(trials) == {"host": "native", "docker": "native"}
    held = [one for one in table(debian_12, "/tmp/v2/samples.csv") if one["meter"] == "container"]
    ready = next(one for one in held if one["moment"] == "ready")
    assert 0 < int(ready["cgroup_bytes"]) <= int(ready["cgroup_peak_bytes"]) < 256 << 20
    assert float(ready["cgroup_cpu_s"]) > 0
    assert int(ready["rss_bytes"]) >= int(ready["pss_bytes"]) >= int(ready["uss_bytes"])


def test_kvm_boots_the_lab_image_and_is_measured(debian_12: Machine) -> None:
    words = f"run --backends host,qemu {SHORT} --out /tmp/kvm"
    debian_12.run(f"modprobe kvm-amd; {PATIENT_LABKIT} {words}", PATIENCE_S)
    trials = table(debian_12, "/tmp/kvm/trials.csv")
    assert complete(trials) == {"host": "native", "qemu": "kvm"}


@pytest.mark.parametrize(
    "tests",
    [
        'test_neighbours.py -k "containers_limits_hold"',
        'test_conformance.py -k "runc and (memory_limit or its_cpus or meters_read)"',
    ],
)
def test_limits_hold_under_version_2(debian_12: Machine, tests: str) -> None:
    words = f"pytest -q -p no:cacheprovider --timeout 900 tests/integration/{tests}"
    script = f"{patient(3)}\ncd /opt/lab/lab; LABKIT_REQUIRE=docker,runc {words}"
    told = debian_12.run(script, PATIENCE_S).stdout
    assert "passed" in told and "skipped" not in told, told


def test_the_doctor_finds_version_2_of_control_groups(debian_12: Machine) -> None:
    found = json.loads(debian_12.run("labkit doctor --json", PATIENCE_S).stdout)
    assert found["host"]["cgroup_version"] == 2
    ready = {one["backend"] for one in found["findings"] if one["ready"]}
    assert {"host", "docker", "qemu", "qemu-resumed", "runc", "containerd"} <= ready
