"""Debian 12 with two processors and version 2 of control groups alone
(COMPUTERS="debian-12-suite"): those of the integration tests that need two, which user-mode Linux
does not have."""

from __future__ import annotations

import pytest

from tests.computers.computers import DEBIAN_12_SUITE
from tests.computers.machine import Machine
from tests.computers.suite import PART_S, passes
from tests.computers.test_debian_12_uml import ELSEWHERE

pytestmark = [pytest.mark.computer, pytest.mark.timeout(2 * (PART_S + 1800))]

FACTOR = 10
MACHINES = ("qemu", "uml")  # emulated within an emulated computer
CPUS = f"(its_cpus or as_many_cpus) and not ({' or '.join([*ELSEWHERE, *MACHINES])})"
PARTS = {
    "cpus": f"test_conformance.py -k '{CPUS}'",
    "neighbours": "test_neighbours.py -k 'not qemu'",
    "odd_folders": "test_odd_folders.py -k neighbour_disturbs",
    "tasks": "test_tasks.py -k a_limit_that_is_none",
}


@pytest.mark.parametrize("part", PARTS)
def test_what_needs_two_processors(debian_12_suite: Machine, part: str) -> None:
    words = f"tests/integration/{PARTS[part]}"
    passes(DEBIAN_12_SUITE, debian_12_suite, part, words, factor=FACTOR)
