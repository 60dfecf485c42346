"""Instances that start one by one or together, each in a thread of its own.

The thread that has requested an instance ends it, too, and lives as long: a program that shall die
with its parent (bubblewrap) dies with the thread that has started it, PR_SET_PDEATHSIG of prctl(2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Thread

from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.experiments.density.records import Way
from labkit.system.clock import Clock
from labkit.system.signals import uninterrupted

# How long one that is not ready yet is waited for before it is ended by force.
PATIENCE_S = 5.0
Launch = Callable[[Timeline], AbstractContextManager[Instance]]


class Starting:
    """One instance. `ready` holds it once it is ready, or what went wrong before; `ended_badly`
    what went wrong later."""

    def __init__(self, launch: Launch, clock: Clock, ready_timeout: float, go: Event) -> None:
        self.ready: Future[Instance] = Future()
        self.ended_badly: BaseException | None = None
        self.requested = 0.0
        self._launch, self._clock, self._ready_timeout = launch, clock, ready_timeout
        self._timeline = Timeline(clock)
        self._go, self._end = go, Event()
        self._thread = Thread(target=self._live)

    @property
    def startup_s(self) -> float:
        """From its own request until it was ready."""
        return self._timeline.since_requested()["ready"]

    def begin(self) -> None:
        """Its thread waits for the word from now on."""
        self._thread.start()

    def request(self) -> None:
        """Gives the word, to all that wait for the same."""
        self._go.set()

    def end(self) -> None:
        """Returns when nothing of it is left, or while it still waits to be ready."""
        self._end.set()
        self._go.set()
        if self._thread.is_alive():
            self._thread.join(None if self.ready.done() else PATIENCE_S)

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def wait_ended(self) -> None:
        if self.goes_on:
            self._thread.join()

    def _live(self) -> None:
        self._go.wait()
        if self._end.is_set():
            return
        self.requested = self._clock.now()
        self._timeline.mark("requested", self.requested)
        try:
            with self._launch(self._timeline) as instance:
                instance.wait_ready(self._ready_timeout)
                self.ready.set_result(instance)
                self._end.wait()
        except BaseException as error:
            if self.ready.done():
                self.ended_badly = error
            else:
                self.ready.set_exception(error)


@contextmanager
def starting(
    launch: Launch,
    count: int,
    way: Way,
    clock: Clock,
    ready_timeout: float,
    end_by_force: Callable[[], object],
) -> Iterator[list[Starting]]:
    """So many instances that were requested and are ready or have failed; one by one, none is
    requested after one that has failed. All are ended with this context in reverse order, whatever
    ends it: also what an interrupt has met while it was being launched. What could not be ended is
    raised then."""
    together = Event()
    all_ = [
        Starting(launch, clock, ready_timeout, together if way == "together" else Event())
        for _ in range(count)
    ]
    try:
        for one in all_:
            one.begin()
        requested = []
        for one in all_:
            one.request()
            requested.append(one)
            if way == "one by one" and one.ready.exception() is not None:
                break
        for one in requested:
            one.ready.exception()  # waits
        yield requested
    finally:
        with uninterrupted():  # a second signal waits for what the first one has begun
            for one in reversed(all_):
                one.end()
            if any(one.goes_on for one in all_):  # with its instance, the wait for it ends
                end_by_force()
            for one in all_:
                one.wait_ended()
    for one in reversed(all_):
        if one.ended_badly is not None:
            raise one.ended_badly
