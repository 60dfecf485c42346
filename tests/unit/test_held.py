"""What an instance may use, against what it was asked to be held to."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.errors import BackendError
from labkit.measure import held
from labkit.recordings.facts import Limits
from labkit.system.limits import Held


class Unmetered:
    def all_meters(self) -> tuple[Any, ...]:
        return ()


@pytest.mark.parametrize(
    ("memory_bytes", "holds"),
    [(64 << 20, True), ((64 << 20) - 1, True), ((64 << 20) + 1, False), (None, True)],
)
def test_a_limit_holds_to_the_byte(
    memory_bytes: int | None, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "read", lambda *_: Held(memory_bytes=memory_bytes))
    instance: Any = Unmetered()
    if holds:
        held.require(instance, "container", Limits(memory_mib=64))
        return
    with pytest.raises(BackendError):
        held.require(instance, "container", Limits(memory_mib=64))
