"""An instance of a user's own image: there is no agent in it, so all is seen from outside."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from labkit.backends.instance import Instance, Meter
from labkit.backends.own.names import IDLE, NO_AGENT
from labkit.backends.own.ready import PAUSE_S
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.programs import console
from labkit.guest.protocol import Answer, Outcome, Request, Script, Session
from labkit.system.clock import Clock
from labkit.system.process import last_lines

KEEP = 16384
ADVICE = (
    "look at what it said last; more patience: --ready-timeout SECONDS; more memory: --memory-mib N"
)


class Said:
    """What an instance says, read by a thread as long as this context lasts: nobody's output may
    be held up because nobody reads it. found_at: when the pattern had come. `heard` is called with
    the time and the end of it when more has come."""

    def __init__(
        self,
        channel: Channel,
        clock: Clock,
        pattern: re.Pattern[bytes] | None,
        heard: Callable[[float, bytes], None] = lambda at, text: None,
    ) -> None:
        self.found_at: float | None = None
        self.ended = False
        self.names = console.Names()
        self.channel = channel
        self._clock = clock
        self._pattern = pattern
        self._heard = heard
        self._text = b""
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Said:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()
        self._thread.join()

    def raw(self) -> bytes:
        """The end of it, as it came."""
        return self._text

    def text(self) -> str:
        """The end of it; what would steer a terminal is left out."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._text.decode(errors="replace"))
        return "".join(sign for sign in text if sign.isprintable() or sign == "\n")

    def _listen(self) -> None:
        while not self._left.is_set():
            try:
                data = self.channel.receive(0.1)
            except TimeoutError:
                continue
            except (OSError, ValueError):
                data = None
            if data is None:
                self.ended = True
                return
            at, whole = self._clock.now(), self._text + data
            self.names.hear(whole, len(data))
            if self.found_at is None and self._pattern and self._pattern.search(whole):
                self.found_at = at
            self._heard(at, whole)
            self._text = whole[-KEEP:]


class OwnInstance(Instance):
    """reached: when the condition's port was taken, None: not yet; without it, the output decides.
    meters: what it costs. end: asks it to end in its own way, and waits; GuestTimeout when it had
    to be ended. patience_s: how long a start may take at least. diagnose: what the program behind
    it says, where something fails."""

    def __init__(
        self,
        said: Said,
        timeline: Timeline,
        reached: Callable[[], float | None] | None,
        meters: Callable[[], tuple[Meter, ...]],
        end: Callable[[], None],
        *,
        patience_s: float = 0.0,
        diagnose: Callable[[], str] = str,
    ) -> None:
        super().__init__(Session(said.channel, timeline.clock), timeline)  # nobody answers there
        self._patience_s = patience_s
        self._diagnose = diagnose
        self._said = said
        self._reached = reached
        self._meters = meters
        self._end = end

    def meters(self) -> tuple[Meter, ...]:
        return self._meters()

    def told(self) -> Mapping[str, str]:
        """Its kernel and its system, where its output has named them."""
        named = self._said.names.text()
        return {console.NAME: named} if named else {}

    def _wait_gone(self) -> None:
        self._end()

    def wait_ready(self, timeout: float = 60.0) -> None:
        clock, timeout = self._timeline.clock, max(timeout, self._patience_s)
        deadline = clock.now() + timeout
        with self._explained():
            while (at := self._ready_at()) is None:
                if self._said.ended and self._said.found_at is None:
                    raise BackendError("it ended before it was ready", resolution=ADVICE)
                if clock.now() > deadline:
                    raise GuestTimeout(f"it was not ready within {timeout:g} s", resolution=ADVICE)
                clock.sleep(PAUSE_S)
        self._timeline.mark("ready", at)

    def run(self, request: Request, on_begin: Callable[[], None] = lambda: None) -> Answer:
        """Runs `idle` only: the lab waits so long and asks for nothing."""
        clock = self._timeline.clock
        self._require_idle(request)
        begin = clock.now()
        on_begin()
        clock.sleep(request.seconds)
        with self._explained():
            if self._said.ended:
                raise BackendError("it ended while it was measured")
        end = clock.now()
        self._timeline.mark("first_result", end)
        return Answer(begin, end, None, None)

    @contextmanager
    def running(self, request: Request) -> Iterator[None]:
        self._require_idle(request)
        yield

    def shell(self, script: Script) -> Outcome:
        raise BackendError("no script can be run in it", details=NO_AGENT)

    def stop(self) -> None:
        """Waits for its end; `stopped` is marked only where it ends by itself."""
        self._timeline.mark("stop_requested")
        try:
            self._wait_gone()
        except GuestTimeout:
            return
        self._timeline.mark("stopped")

    def _ready_at(self) -> float | None:
        return self._reached() if self._reached else self._said.found_at

    def _require_idle(self, request: Request) -> None:
        if request.workload != IDLE:
            raise BackendError(f"{request.workload} cannot be run in it", details=NO_AGENT)

    def _diagnosis(self) -> str:
        lines = last_lines(self._said.text(), 20)
        said = f"its output's last lines:\n{lines}" if lines else "it has said nothing"
        return "\n".join(filter(None, (said, self._diagnose())))
