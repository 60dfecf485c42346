"""Debian 12 as a program of this computer (COMPUTERS="debian-12-uml"), under version 2 of control
groups alone: all integration tests but those of VirtualBox, a file each, and of conformance a
backend each; -k chooses from them."""

from __future__ import annotations

import pytest

from tests.computers.computers import DEBIAN_12_UML
from tests.computers.machine import Machine
from tests.computers.suite import PART_S, parts, passes

pytestmark = [pytest.mark.computer, pytest.mark.timeout(2 * (PART_S + 1800))]

FACTOR = 4  # a system call takes many times as long there
# What there is no program for in it, or no network to bring it.
ELSEWHERE = ("virtualbox", "kubernetes", "kvm", "arm64", "vmware", "xen")
PARTS = parts(ELSEWHERE)


@pytest.mark.parametrize("part", PARTS)
def test_the_integration_tests_pass_under_version_2(debian_12_uml: Machine, part: str) -> None:
    passes(DEBIAN_12_UML, debian_12_uml, part, PARTS[part], factor=FACTOR)
