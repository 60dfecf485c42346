"""Fixtures that only tests on real backends need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from labkit.image import LabImage
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
