"""When a signal interrupts the lab: where Python's own code takes or gives back a lock none stays
taken, and a request that is fulfilled anyway is not broken off."""

from __future__ import annotations

import dis
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from itertools import pairwise
from types import CodeType, FrameType, SimpleNamespace
from typing import Any, cast

import pytest

from labkit.system.signals import interrupted_outside_of_locks, uninterrupted

pytestmark = pytest.mark.usefixtures("interrupts_are_heeded")
# After these instructions Python looks whether a signal has come.
LOOKS = {"CALL", "CALL_FUNCTION_EX", "RESUME", "JUMP_BACKWARD"}
FILES = (threading.__file__, sys.modules[Future.__module__].__file__)
PATIENCE_S = 5.0


@cache
def looks(code: CodeType) -> frozenset[int]:
    """Where in a function a handler may be called: what it raises comes out of the instruction
    before, and not of the next, which a tracer sees. Left out where that makes a difference."""
    instructions = list(dis.get_instructions(code))
    entries = dis.Bytecode(code).exception_entries  # type: ignore[attr-defined]

    def caught_by(at: int) -> list[int]:
        return [entry.target for entry in entries if entry.start <= at < entry.end]

    return frozenset(
        then.offset
        for one, then in pairwise(instructions)
        if one.opname in LOOKS and caught_by(one.offset) == caught_by(then.offset)
    )


def interrupted_at(place: int, action: Callable[[], object]) -> bool:
    """Does something, and sends SIGINT where Python's code of threads and futures looks for a
    signal for the `place`-th time; False where it does not look so often."""
    seen = 0

    def trace(frame: FrameType, event: str, given: Any) -> Any:
        nonlocal seen
        if frame.f_code.co_filename not in FILES:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and frame.f_lasti in looks(frame.f_code):
            seen += 1
            if seen == place:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        action()
        if seen >= place:
            time.sleep(PATIENCE_S)
            pytest.fail(f"the signal at place {place} is lost")
    except KeyboardInterrupt:
        assert seen == place
    finally:
        sys.settrace(before)
    return seen >= place


class Helper:
    """A thread that answers each request, as a watch does."""

    def __init__(self) -> None:
        self.asked, self.answered, self.ended = (threading.Event() for _ in range(3))
        self.future: Future[int] = Future()
        self.thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        while not self.ended.is_set():
            self.asked.wait()
            self.asked.clear()
            if not self.future.done():
                self.future.set_result(1)
            self.answered.set()

    def ask(self) -> None:
        self.answered.clear()
        self.asked.set()
        self.answered.wait(PATIENCE_S)
        self.future.result(PATIENCE_S)

    def ends(self) -> bool:
        """Whether it ends when it is told to; by another thread, which may hang for it."""

        def end() -> None:
            self.ended.set()
            self.asked.set()

        threading.Thread(target=end, daemon=True).start()
        self.thread.join(PATIENCE_S)
        return not self.thread.is_alive()


def places() -> Iterator[int]:
    yield from range(1, 400)


def test_an_interrupt_at_any_place_leaves_no_lock_taken() -> None:
    reached = 0
    with interrupted_outside_of_locks():
        for place in places():
            helper = Helper()
            helper.thread.start()
            if not interrupted_at(place, helper.ask):
                assert helper.ends()
                break
            reached = place
            assert helper.ends(), f"the lock of an event or a future stays taken: place {place}"
    assert 20 < reached < 399


def test_a_thread_that_is_interrupted_while_it_starts_has_started() -> None:
    with interrupted_outside_of_locks():
        for place in places():
            helper = Helper()
            reached = interrupted_at(place, helper.thread.start)
            assert helper.thread.is_alive() and helper.ends()
            if not reached:
                break
    assert place > 10


@pytest.mark.parametrize("wait", [threading.Event().wait, Future[int]().result])
def test_a_long_wait_is_interrupted_at_once(wait: Callable[[float], object]) -> None:
    main, began = threading.main_thread().ident, time.monotonic()
    assert main is not None
    with interrupted_outside_of_locks(), pytest.raises(KeyboardInterrupt):
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        wait(60)
    assert time.monotonic() - began < 30


def test_a_lock_that_nobody_gives_back_does_not_hold_the_user() -> None:
    lock, main = threading.Lock(), threading.main_thread().ident
    assert main is not None and lock.acquire()
    began = time.monotonic()
    with (
        interrupted_outside_of_locks(),
        interrupted_outside_of_locks(),
        pytest.raises(KeyboardInterrupt),
    ):
        threading.Timer(0.1, signal.pthread_kill, (main, signal.SIGINT)).start()
        threading.Condition(lock).__enter__()
    assert time.monotonic() - began < 60


def test_the_handlers_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupted_outside_of_locks():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_what_is_held_back_comes_before_the_handlers_change() -> None:
    at_a_lock = SimpleNamespace(f_code=threading.Condition.__enter__.__code__, f_back=None)
    with pytest.raises(KeyboardInterrupt), interrupted_outside_of_locks():
        handler = signal.getsignal(signal.SIGINT)
        assert callable(handler)
        handler(signal.SIGINT, cast(FrameType, at_a_lock))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_was_set_meanwhile_stays() -> None:
    with interrupted_outside_of_locks():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_what_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupted_outside_of_locks():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_a_signal_is_held_back_and_then_delivered() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        done.append("the request")
    assert done == ["the request"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
