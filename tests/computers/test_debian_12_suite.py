"""Debian 12, the project's integration tests themselves (COMPUTERS="debian-12-suite"), where there
is version 2 of control groups alone: hours, in parts that -k can choose from. Not yet run."""

from __future__ import annotations

import pytest

from tests.computers.disks import PROJECT
from tests.computers.machine import Machine

PART_S = 2 * 3600.0
pytestmark = [pytest.mark.computer, pytest.mark.timeout(PART_S + 1800)]

FACTOR = 10  # so much longer are the tests' own limits of time
# What its processes are, where its limits hold, what its meters read, what a killed lab leaves.
CONFORMANCE = "life or memory_limit or its_cpus or as_many_cpus or meters_read or killed"
BACKENDS = {
    "docker": "docker and not (cli or yes or security)",
    **{name: name for name in ("runc", "crun", "containerd", "podman", "lxc", "nspawn")},
    "bubblewrap": "bubblewrap",
    "host": "host and not docker",
}
PARTS = {
    **{name: f'test_conformance.py -k "{it} and ({CONFORMANCE})"' for name, it in BACKENDS.items()},
    "neighbours": 'test_neighbours.py -k "not qemu"',
    "meters": 'test_meters.py -k "host or docker"',
    "ownership": "test_ownership.py",
    "limits": "test_limits_that_do_not_hold.py",
    "runtimes": "test_runtimes.py",
}


@pytest.mark.parametrize("part", PARTS)
def test_the_integration_tests_pass_under_version_2(debian_12_suite: Machine, part: str) -> None:
    script = f"""
    cd {PROJECT}/lab
    export LABKIT_TEST_PATIENCE={FACTOR} PYTHONPATH={PROJECT}/lab/tests/computers/patience
    pytest -v -p no:cacheprovider --durations 0 --timeout 1500 tests/integration/{PARTS[part]}
    """
    shown = 0

    def look(said: str) -> None:
        nonlocal shown
        print(said[shown:], end="", flush=True)
        shown = len(said)

    end = debian_12_suite.run_watched(script, PART_S, look).splitlines()[-1]
    assert " passed" in end, end
