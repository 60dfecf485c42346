"""Debian 12, the project's integration tests themselves (COMPUTERS="debian-12-suite"), where there
is version 2 of control groups alone: hours, in parts that -k can choose from. Not yet run."""

from __future__ import annotations

import pytest

from tests.computers.computers import DEBIAN_12_SUITE
from tests.computers.machine import Machine
from tests.computers.suite import PART_S, passes

pytestmark = [pytest.mark.computer, pytest.mark.timeout(2 * (PART_S + 1800))]

FACTOR = 10
# What its processes are, where its limits hold, what its meters read, what a killed lab leaves.
CONFORMANCE = "life or memory_limit or its_cpus or as_many_cpus or meters_read or killed"
BACKENDS = {
    "docker": "docker and not (cli or yes or security)",
    **{name: name for name in ("runc", "crun", "containerd", "podman", "lxc", "nspawn")},
    "bubblewrap": "bubblewrap",
    "host": "host and not docker",
}
FILES = {
    **{name: f'test_conformance.py -k "{it} and ({CONFORMANCE})"' for name, it in BACKENDS.items()},
    "neighbours": 'test_neighbours.py -k "not qemu"',
    "meters": 'test_meters.py -k "host or docker"',
    "ownership": "test_ownership.py",
    "limits": "test_limits_that_do_not_hold.py",
    "runtimes": "test_runtimes.py",
}


@pytest.mark.parametrize("part", FILES)
def test_the_integration_tests_pass_under_version_2(debian_12_suite: Machine, part: str) -> None:
    words = f"tests/integration/{FILES[part]}"
    passes(DEBIAN_12_SUITE, debian_12_suite, part, words, factor=FACTOR)
