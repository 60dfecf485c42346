"""Groups that are interrupted, or hang: nothing is left of them."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from labkit.errors import ConnectionEnded, GuestTimeout
from labkit.experiments.density import starting
from labkit.experiments.density.measure import measure
from labkit.measure import cleanup
from tests.unit.experiments.density.made_up import (
    Crowd,
    Ready,
    all_but,
    measured,
    plan_of,
    session_of,
)

pytestmark = pytest.mark.usefixtures("no_thread_is_left")


@pytest.mark.parametrize("way", ["together", "one by one"])
def test_an_interrupt_while_they_are_launched_leaves_nothing(way: str) -> None:
    """By a signal, as from a user, while the threads are inside their launches."""
    crowd = Crowd(boot=0.2)

    def on_launch(number: int) -> None:
        if number == 2:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)

    crowd.on_launch = on_launch
    before = all_but(Crowd(), (way, 4))
    with pytest.raises(KeyboardInterrupt):
        measured(crowd, before)
    assert crowd.running == 0 and 0 < crowd.launched == crowd.cleaned


ended_by_force = threading.Event()


def hangs(instance: Ready, timeout: float = 0) -> None:
    """Until it is killed."""
    if ended_by_force.wait(timeout):
        raise ConnectionEnded("the connection ended")
    raise GuestTimeout("the agent did not announce itself in time")


def test_an_interrupt_does_not_wait_for_one_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "PATIENCE_S", 0.05)
    monkeypatch.setattr(cleanup, "sweep", lambda backends, mine: ended_by_force.set())
    crowd, before = Crowd(), all_but(Crowd(), ("together", 4))
    monkeypatch.setattr(Ready, "wait_ready", hangs)

    def on_launch(number: int) -> None:
        if number == 4:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    crowd.on_launch = on_launch
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        measured(crowd, before)
    assert ended_by_force.is_set()
    assert crowd.running == 0 and crowd.launched == crowd.cleaned == 4
    assert time.monotonic() - began < 30, "and not the 60 s of the ready timeout"


def test_one_that_hangs_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    ended_by_force.clear()
    crowd = Crowd()
    session = session_of(crowd)
    session.ready_timeout = 0.1

    monkeypatch.setattr(Ready, "wait_ready", hangs)
    rows = [row for batch in measure(plan_of(crowd), session) for row in batch["starts"]]
    assert rows and all("in time" in str(getattr(row, "error", "")) for row in rows)
    assert crowd.running == 0


def test_a_second_interrupt_waits_until_all_are_ended() -> None:
    crowd = Crowd(boot=0.1)

    def on_launch(number: int) -> None:
        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)

    crowd.on_launch = on_launch
    before = all_but(Crowd(), ("together", 4))
    with pytest.raises(KeyboardInterrupt):
        measured(crowd, before)
    assert crowd.running == 0 and crowd.launched == crowd.cleaned
