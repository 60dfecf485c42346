"""Fixtures that only tests on real backends need."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from labkit.backends.base import Backend
from labkit.backends.qemu.command import PROGRAMS, here
from labkit.image import LabImage
from labkit.system.process import find_tool
from tests.conftest import ready_backend
from tests.integration import daemon, vbox_states


@pytest.fixture
def own_daemon() -> Iterator[psutil.Process]:
    """A second Docker daemon, for tests that must break one: its process."""
    with daemon.own_daemon() as own:
        yield own.process


@pytest.fixture(scope="session")
def vbox_state(lab_image: LabImage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One booted and saved machine of VirtualBox for all tests: see vbox_states."""
    ready_backend("virtualbox-resumed")
    folder = tmp_path_factory.mktemp("virtualbox") / "state"
    vbox_states.save(lab_image, folder)
    return folder


@pytest.fixture(scope="module")
def vmware_in_qemu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """The backend vmware with a vmrun that boots QEMU, for these tests and what they start."""
    ready_backend("qemu")
    folder = tmp_path_factory.mktemp("vmware")
    text = (Path(__file__).parent / "vmrun_in_qemu.py").read_text()
    (folder / "vmrun").write_text(text.replace("/usr/bin/env python3", sys.executable, 1))
    (folder / "vmrun").chmod(0o755)
    (folder / "vmware-vmx").symlink_to(str(find_tool(PROGRAMS[here()])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        yield ready_backend("vmware")
