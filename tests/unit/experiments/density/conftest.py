"""Groups of instances that are made up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from labkit.experiments.density import measure as measuring


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing needs to come to rest."""
    monkeypatch.setattr(measuring, "SETTLE_S", 0.0)


@pytest.fixture
def no_thread_is_left(interrupts_are_heeded: None) -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before
