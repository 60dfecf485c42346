"""A clock that only moves when somebody sleeps, and a backend that needs no program at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import ClassVar, cast

from labkit.backends.base import Backend, Missing
from labkit.backends.instance import Instance, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.protocol import Answer, Request, Session
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine, Family

# Nothing is started from it: what a recording's manifest says of an image.
NO_IMAGE = cast(
    LabImage, SimpleNamespace(digest="0" * 64, packages=(), versions={}, kernel_version="6.1.0")
)


class FakeClock:
    """Monotonic, and exact."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


class FakeStream:
    """The agent's side of a session: answers each request after a fixed time."""

    end_clock = 2.0  # what it says itself

    def __init__(self, clock: FakeClock, boot: float) -> None:
        self._clock = clock
        self._boot = boot
        self._answers = [b"LABKIT/2 READY 1.0\n"]

    def send(self, data: bytes) -> None:
        word, *rest = data.decode().split()
        if word == "STOP":
            self._answers.append(b"BYE 9.0\n")
        else:
            told = f"MEMORY {rest[0]} 8\n".encode()
            self._answers += [
                told,
                f"BEGIN {rest[0]} 1.0\n".encode(),
                *([told] if rest[1] == "idle" else []),
                f"END {rest[0]} {self.end_clock} 128\n".encode(),
            ]

    def receive(self, timeout: float) -> bytes | None:
        """What is told of the memory takes no time. Who does not wait hears nothing."""
        if timeout == 0:
            raise TimeoutError
        if not self._answers[0].startswith(b"MEMORY"):
            self._clock.sleep(self._boot)
            self._boot = 1.0
        return self._answers.pop(0)


class FakeInstance(Instance):
    def meters(self) -> tuple[Meter, ...]:
        return ()

    def run(self, request: Request, on_begin: Callable[[], None] = lambda: None) -> Answer:
        return super().run(request, on_begin)

    def _wait_gone(self) -> None:
        pass


class FakeBackend(Backend):
    """Starts at once, is ready after `boot` seconds; can be told to fail from a trial on."""

    family: ClassVar[Family] = "container"

    def __init__(
        self, name: str = "fake", *, clock: FakeClock, boot: float = 0.5, fails_at: int = 0
    ) -> None:
        self.name = name
        self.name = name
        super().__init__()
        self.launched = 0
        self.cleaned = 0
        self._clock = clock
        self._boot = boot
        self._fails_at = fails_at

    def missing(self) -> Missing | None:
        return None

    def version(self) -> str:
        return "1"

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        self.launched += 1
        try:
            timeline.mark("created")
            if self.launched == self._fails_at:
                raise BackendError("it broke", details="on purpose")
            timeline.mark("started")
            stream = FakeStream(self._clock, self._boot)
            yield FakeInstance(Session(stream, self._clock), timeline)
        finally:
            self.cleaned += 1
