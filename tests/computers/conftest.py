"""Computers, started once for all tests of a module."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from labkit.errors import LabError
from labkit.setup import apt
from labkit.setup.qemu import set_up_qemu
from labkit.setup.virtualbox import set_up_virtualbox
from labkit.system.process import find_tool
from tests.computers.computers import DEBIAN_12, DEBIAN_12_SUITE, DEBIAN_12_UML, Computer
from tests.computers.machine import Machine, running
from tests.conftest import unavailable


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only the computers that are asked for: a file of tests is named after its computer."""
    asked = os.environ.get("LABKIT_COMPUTERS", DEBIAN_12.name).replace("-", "_").split()
    here = [item for item in items if item.get_closest_marker("computer")]
    others = [item for item in here if item.path.stem.removeprefix("test_") not in asked]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def require_builders(computer: Computer) -> None:
    """Sets up what makes and runs a computer; making one needs root."""
    try:
        if computer.machine == "qemu":
            set_up_qemu(print)
            set_up_virtualbox(print)
        for program, package in (("mmdebstrap", "mmdebstrap"), ("mke2fs", "e2fsprogs")):
            if find_tool(program) is None:
                apt.install([package], print)
    except LabError as error:
        unavailable("computer", str(error))


def with_docker(computer: Computer) -> Iterator[Machine]:
    require_builders(computer)
    with running(computer) as machine:
        machine.run("systemctl start docker", timeout=600)
        yield machine


@pytest.fixture(scope="module")
def debian_12() -> Iterator[Machine]:
    yield from with_docker(DEBIAN_12)


@pytest.fixture(scope="module")
def debian_12_suite() -> Iterator[Machine]:
    yield from with_docker(DEBIAN_12_SUITE)


@pytest.fixture(scope="module")
def debian_12_uml() -> Iterator[Machine]:
    yield from with_docker(DEBIAN_12_UML)
