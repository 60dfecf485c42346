"""A victim's server without a port, for all tests of the neighbours."""

from __future__ import annotations

from time import sleep

import pytest

from labkit.experiments.neighbours import victim


@pytest.fixture(autouse=True)
def quick_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers after a moment, in which a neighbour can work, and without a port."""

    def answers(port: int, path: str, timeout: float) -> bool:
        sleep(0.005)
        return True

    monkeypatch.setattr(victim, "answers", answers)
    monkeypatch.setattr(victim, "end_server", lambda port: None)
    monkeypatch.setattr(victim, "wait_for_answer", lambda *_: 0.0)
    monkeypatch.setattr(victim, "MOST_WORK", 4)
