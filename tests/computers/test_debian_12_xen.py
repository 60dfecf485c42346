"""Debian 12 as the first domain of Xen, a hypervisor of type 1 (COMPUTERS="debian-12-xen")."""

from __future__ import annotations

import json
import shlex

import pytest

from tests.computers.computers import DEBIAN_12_XEN
from tests.computers.machine import Machine
from tests.computers.suite import passes
from tests.computers.test_debian_12 import PATIENCE_S, SHORT, complete, table

pytestmark = [pytest.mark.computer, pytest.mark.timeout(3600)]


def test_a_domain_is_measured_beside_the_first_one(debian_12_xen: Machine) -> None:
    debian_12_xen.run(f"labkit run --backends host,xen {SHORT} --out /tmp/xen", PATIENCE_S)
    trials = table(debian_12_xen, "/tmp/xen/trials.csv")
    assert complete(trials) == {"host": "native", "xen": "xen-pv"}
    held = [one for one in table(debian_12_xen, "/tmp/xen/samples.csv") if one["meter"] == "domain"]
    assert {int(one["daemon_bytes"]) for one in held if one["daemon_bytes"]} == {256 << 20}
    spent = [float(one["daemon_cpu_s"]) for one in held if one["daemon_cpu_s"]]
    assert 0.5 < max(spent) < 60


def test_odd_folders(debian_12_xen: Machine) -> None:
    """Paths stand in an xl.cfg."""
    odd = shlex.quote("/tmp/- odd, \"fo'ld;er $x %d 시")
    debian_12_xen.run(
        f"""
        mkdir {odd}
        cp -r /opt/lab/cache {odd}/cache
        export TMPDIR={odd} LABKIT_CACHE={odd}/cache
        labkit run --backends xen {SHORT} --out {odd}/run
        test "$(grep -c ',xen,.*,ok,' {odd}/run/trials.csv)" = 2
        """,
        PATIENCE_S,
    )


def test_the_doctor_finds_it(debian_12_xen: Machine) -> None:
    found = json.loads(debian_12_xen.run("labkit doctor --json", PATIENCE_S).stdout)
    [xen] = [one for one in found["findings"] if one["backend"] == "xen"]
    assert xen["ready"] and xen["engine"] == "xen-pv"


def test_conformance(debian_12_xen: Machine) -> None:
    words = "tests/integration/test_conformance.py -k '[xen'"
    passes(DEBIAN_12_XEN, debian_12_xen, "conformance", words, factor=4)


def test_its_real_tables(debian_12_xen: Machine) -> None:
    """For labkit/backends/xen.py's _told."""
    rows = [line.split() for line in debian_12_xen.run("xl list").stdout.splitlines()]
    assert rows[0] == ["Name", "ID", "Mem", "VCPUs", "State", "Time(s)"]
    assert [row[0] for row in rows[1:]] == ["Domain-0"]
