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
from tests.computers.agent import StandsStill
from tests.computers.computers import (
    DEBIAN_12,
    DEBIAN_12_SUITE,
    DEBIAN_12_UML,
    DEBIAN_12_XEN,
    DEBIAN_13_UML,
    Computer,
)
from tests.computers.machine import Machine, running
from tests.conftest import unavailable


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Only the computers that are asked for: a file of tests is named after its computer."""
    asked = os.environ.get("LABKIT_COMPUTERS", DEBIAN_12.name).replace("-", "_").split()
    here = [item for item in items if item.get_closest_marker("computer")]
    others = [item for item in here if item.path.stem.removeprefix("test_") not in asked]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """A test whose whole computer answers no more, which says nothing about the lab, is done once
    more on the same computer started anew; a second time is a failure."""
    try:
        return (yield)
    except StandsStill as stands_still:
        machines = [it for it in pyfuncitem.funcargs.values() if isinstance(it, Machine)]
        if not machines:
            raise
        reporter = pyfuncitem.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(f"\nstarted anew: {stands_still}")
        for machine in machines:
            machine.start()
        names = pyfuncitem._fixtureinfo.argnames
        pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})


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
    with running(computer, "systemctl start docker") as machine:
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


@pytest.fixture(scope="module")
def debian_13_uml() -> Iterator[Machine]:
    yield from with_docker(DEBIAN_13_UML)


@pytest.fixture(scope="module")
def debian_12_xen() -> Iterator[Machine]:
    require_builders(DEBIAN_12_XEN)
    with running(DEBIAN_12_XEN, "systemctl start xen") as machine:
        yield machine
