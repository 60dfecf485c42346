"""The clock that everything is timed by, and waiting on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Seconds on a clock that never goes back; tests bring their own."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class HostClock:
    """The host's monotonic clock (clock_gettime(2), CLOCK_MONOTONIC)."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def wait_until(true: Callable[[], bool], *, timeout: float, interval: float = 0.05) -> bool:
    """Polls until `true()`; False when `timeout` seconds went by without it."""
    clock = HostClock()
    deadline = clock.now() + timeout
    while not true():
        if clock.now() >= deadline:
            return False
        clock.sleep(interval)
    return True


def wait_while_it_moves(
    true: Callable[[], bool],
    position: Callable[[], int],
    *,
    silence: float,
    interval: float = 0.05,
    clock: Clock | None = None,
) -> bool:
    """Polls until `true()`; False once `position()` has stood still for `silence` seconds: a busy
    computer is slow, and no proof that something hangs."""
    clock = clock or HostClock()
    last, since = position(), clock.now()
    while not true():
        if (now := position()) != last:
            last, since = now, clock.now()
        if clock.now() - since >= silence:
            return False
        clock.sleep(interval)
    return True
