"""Debian 13 as a program of this computer (COMPUTERS="debian-13-uml"): the same tests on the newer
releases of all engines, and on its Python; -k chooses from them."""

from __future__ import annotations

import pytest

from tests.computers.computers import DEBIAN_13_UML
from tests.computers.machine import Machine
from tests.computers.suite import PART_S, passes
from tests.computers.test_debian_12_uml import FACTOR, PARTS

pytestmark = [pytest.mark.computer, pytest.mark.timeout(2 * (PART_S + 1800))]


@pytest.mark.parametrize("part", PARTS)
def test_the_integration_tests_pass_on_debian_13(debian_13_uml: Machine, part: str) -> None:
    passes(DEBIAN_13_UML, debian_13_uml, part, PARTS[part], factor=FACTOR)
