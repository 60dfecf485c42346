"""Whether the lab itself ran all the time, and whether the computer's clocks went on together.

A lab that is stopped (Ctrl-Z, SIGSTOP) notes what arrives meanwhile too late. Its clock,
CLOCK_MONOTONIC, stands still while the computer sleeps (a closed lid), CLOCK_BOOTTIME does not;
both go on as before when somebody sets the wall clock (clock_gettime(2)).
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

INTERVAL_S = 0.25
LATE_S = 0.75
# Two clocks are read one after the other, and the lab may be held up between.
STEP_S = 0.05
# Linux; on macOS, CLOCK_MONOTONIC goes on while the computer sleeps (and Python's own does not).
_AWAKE_OR_NOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True)
class Interruptions:
    """stopped_s: how long the lab did not run, though a processor was free for it; suspended_s:
    how long the computer slept; clock_step_s: how far its clock was set. Zero is nothing."""

    stopped_s: float
    suspended_s: float
    clock_step_s: float

    def __str__(self) -> str:
        """What disturbed, in words; empty where nothing did."""
        parts = {
            f"the lab itself stood still for {self.stopped_s:.1f} s (Ctrl-Z?)": self.stopped_s,
            f"the computer slept for {self.suspended_s:.1f} s": self.suspended_s,
            f"its clock was set by {self.clock_step_s:+.1f} s": self.clock_step_s,
        }
        return ", ".join(words for words, seconds in parts.items() if seconds)


class Watch:
    """In its context, a thread looks whether it wakes up when it should; outside of it, only the
    clocks are compared."""

    def __init__(self) -> None:
        self._ended, self._asked, self._looked = (threading.Event() for _ in range(3))
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._stopped_s = 0.0
        self._offsets = _offsets()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._asked.set()
        self._thread.join()

    def take(self) -> Interruptions:
        """What has happened since this was asked last."""
        if self._thread.is_alive():
            self._looked.clear()
            self._asked.set()
            self._looked.wait(10)
        stopped_s, self._stopped_s = self._stopped_s, 0.0
        before, self._offsets = self._offsets, _offsets()
        slept_s, step_s = (now - then for now, then in zip(self._offsets, before, strict=True))
        return Interruptions(round(stopped_s, 3), _beyond(slept_s, STEP_S), _beyond(step_s, STEP_S))

    def _look(self) -> None:
        busy, seen = _busy_s(), time.monotonic()
        while not self._ended.is_set():
            self._asked.wait(INTERVAL_S)
            self._asked.clear()
            # Before the files are read, and since they were: reading them takes Python's lock, too.
            late = time.monotonic() - seen - INTERVAL_S
            before, busy, seen = busy, _busy_s(), time.monotonic()
            reason_s = max(busy[thread] - before.get(thread, 0.0) for thread in busy)
            self._stopped_s += _beyond(max(0.0, late - reason_s), LATE_S)
            self._looked.set()


def _busy_s() -> dict[str, float]:
    """Thread → how long it has run or waited for a processor so far (schedstat, proc(5)). This
    thread may have waited, or another one held Python's lock meanwhile: a busy lab, or computer,
    is no stop, in which none of them does either."""
    busy_s = {"": 0.0}
    with suppress(OSError):
        for thread in Path("/proc/self/task").iterdir():
            with suppress(OSError, ValueError, IndexError):
                ran, waited = (thread / "schedstat").read_bytes().split()[:2]
                busy_s[thread.name] = (int(ran) + int(waited)) / 1e9
    return busy_s


def _beyond(seconds: float, limit: float) -> float:
    """The seconds, or zero where they are within what may be."""
    return round(seconds, 3) if abs(seconds) > limit else 0.0


def _offsets() -> tuple[float, float]:
    """CLOCK_BOOTTIME less CLOCK_MONOTONIC, and the wall clock less CLOCK_BOOTTIME: of a few
    readings the one that took the shortest time."""
    readings = [
        (time.monotonic(), time.clock_gettime(_AWAKE_OR_NOT), time.time(), time.monotonic())
        for _ in range(5)
    ]
    first, awake_or_not, wall, last = min(readings, key=lambda reading: reading[3] - reading[0])
    return awake_or_not - (first + last) / 2, wall - awake_or_not
