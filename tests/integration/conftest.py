"""Fixtures that only tests on real backends need."""

from __future__ import annotations

from collections.abc import Iterator

import psutil
import pytest

from tests.integration.daemon import OwnDaemon


@pytest.fixture
def own_daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[psutil.Process]:
    """A second Docker daemon, for tests that must break one: its process."""
    with OwnDaemon(monkeypatch) as own:
        yield own.process
