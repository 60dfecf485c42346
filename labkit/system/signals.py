"""When a signal may interrupt the lab, and when not.

Python runs a signal's handler in the main thread, between two instructions; what the handler raises
comes out there. Two things must not be broken off so: a request that another program fulfils anyway
(`uninterrupted`), and the taking of a lock (`OutsideOfLocks`).
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import cast

from labkit.system.clock import wait_until

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LATER_S = 0.002  # a moment in which such code has ended
MOST_TIMES = 500  # so often; then it stands at a lock that nobody gives back
Handler = Callable[[int, FrameType | None], None]

# Python's own code of threads that is short, and leaves a lock taken, or a thread unknown, where it
# is broken off. Event, Semaphore, Queue and Future are made of it.
_CONDITION, _EVENT = threading.Condition, threading.Event
_SHORT: frozenset[CodeType] = frozenset(
    function.__code__
    for function in (
        *(_CONDITION.__enter__, _CONDITION.__exit__, _CONDITION.notify, _CONDITION.notify_all),
        *(vars(_CONDITION)["_release_save"], vars(_CONDITION)["_acquire_restore"]),
        *(_EVENT.set, _EVENT.clear, threading.Thread.start),
    )
)


class OutsideOfLocks:
    """A handler that may raise, and is called a moment later where the main thread is just taking
    or giving back a lock. Else the lock may stay taken, and whoever wants it next waits for ever: a
    `with` does not leave what it was about to enter (https://bugs.python.org/issue29988)."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._held_back = 0
        self.on_its_way = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.on_its_way = False
        if self._held_back < MOST_TIMES and _at_a_lock(frame):
            self._held_back += 1
            with suppress(RuntimeError):  # no further thread can be started here
                _thread.start_new_thread(_send_later, (number,))
                self.on_its_way = True
                return
        self._held_back = 0
        self._handler(number, frame)


def _send_later(number: int) -> None:
    """Sends the main thread a signal once more."""
    time.sleep(LATER_S)
    signal.pthread_kill(cast(int, threading.main_thread().ident), number)


def _at_a_lock(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code in _SHORT:
            return True
        # Its lock is given back, and it has not begun to wait yet.
        if frame.f_code is _CONDITION.wait.__code__ and "gotit" not in frame.f_locals:
            return True
        frame = frame.f_back
    return False


@contextmanager
def interrupted_outside_of_locks() -> Iterator[None]:
    """In this context, so is whatever interrupts the main thread: Ctrl-C, and a notebook's
    button."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in ENDING}
    ours = {
        number: OutsideOfLocks(handler)
        for number, handler in handlers.items()
        if callable(handler) and not isinstance(handler, OutsideOfLocks)
    }
    for number, handler in ours.items():
        signal.signal(number, handler)
    try:
        yield
    finally:
        try:
            wait_until(lambda: not any(h.on_its_way for h in ours.values()), timeout=50 * LATER_S)
        finally:
            for number, handler in ours.items():
                if signal.getsignal(number) is handler:  # nobody has set another one meanwhile
                    signal.signal(number, handlers[number])


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds a signal back until the end of this context, for a request that another program
    fulfils whether or not we wait for its answer. One that is ignored stays so, also for what is
    started meanwhile: execve(2) gives a program the default of those that have a handler. Outside
    the main thread it does nothing, since Python handles signals in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    heeded = [n for n in ENDING if signal.getsignal(n) is not signal.SIG_IGN]
    with _blocked(heeded):
        before = {n: signal.signal(n, lambda number, frame: caught.append(number)) for n in heeded}
    try:
        yield
    finally:
        with _blocked(heeded):
            for number, handler in before.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if caught:
            signal.raise_signal(caught[0])


@contextmanager
def _blocked(numbers: Iterable[int]) -> Iterator[None]:
    """One that comes between two of their handlers waits until all are changed. (Not for longer:
    what is started would inherit it.)"""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
