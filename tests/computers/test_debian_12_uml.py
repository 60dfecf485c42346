"""Debian 12 as a program of this computer (COMPUTERS="debian-12-uml"), under version 2 of control
groups alone: all integration tests but those of VirtualBox, a file each; -k chooses from them."""

from __future__ import annotations

import pytest

from labkit.system.paths import project_dir
from tests.computers.computers import DEBIAN_12_UML
from tests.computers.machine import Machine
from tests.computers.suite import PART_S, passes

pytestmark = [pytest.mark.computer, pytest.mark.timeout(2 * (PART_S + 1800))]

FACTOR = 4  # a system call takes many times as long there
# What there is no program for in it, or no network to bring it.
ELSEWHERE = ("virtualbox", "kubernetes", "kvm", "arm64", "vmware")
FOLDER = project_dir() / "tests/integration"
FILES = [
    path.stem
    for path in sorted(FOLDER.glob("test_*.py"))
    if not any(name in path.stem for name in ELSEWHERE)
]


@pytest.mark.parametrize("file", FILES)
def test_the_integration_tests_pass_under_version_2(debian_12_uml: Machine, file: str) -> None:
    words = f"tests/integration/{file}.py -k 'not ({' or '.join(ELSEWHERE)})'"
    passes(DEBIAN_12_UML, debian_12_uml, file, words, factor=FACTOR)
