"""Several instances at once: what each further one costs.

They are started one after another and kept. When each is ready and has come to rest, the meters of
all of them, of the services that they share and of the whole computer are read: shared pages and
caches make the second one cheaper than the first, and only a reading of all of them shows that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from labkit.backends.base import Backend
from labkit.backends.instance import READY_TIMEOUT_S, Meter
from labkit.backends.timeline import Timeline
from labkit.errors import LabError
from labkit.image import LabImage
from labkit.measure import sampler
from labkit.measure.records import InstanceReading
from labkit.measure.room import check_room
from labkit.recordings.facts import Limits
from labkit.system.clock import Clock, HostClock

# What a start has set in motion (the end of a shim's start, a guest's last work) is over by then.
SETTLE_S = 1.0


def measure(
    backend: Backend,
    image: LabImage,
    limits: Limits,
    count: int,
    *,
    clock: Clock | None = None,
    ready_timeout: float = READY_TIMEOUT_S,
) -> list[InstanceReading]:
    """Starts `count` instances, reads with each, ends all of them. What goes wrong half-way is
    the last row; what was read before stays."""
    clock, limits = clock or HostClock(), backend.within(limits)
    several = _Several(backend, clock)
    try:
        check_room(limits, count)
        with ExitStack() as running:
            several.read()
            for _ in range(count):
                several.start(running, image, limits, ready_timeout)
                clock.sleep(SETTLE_S)
                several.read()
    except LabError as error:
        several.note(error)
    return several.rows


class _Several:
    """The instances of one backend that run, and what was read of them."""

    def __init__(self, backend: Backend, clock: Clock) -> None:
        self.rows: list[InstanceReading] = []
        self._backend = backend
        self._clock = clock
        self._began = clock.now()
        self._running = 0
        self._meters: list[tuple[int, Meter]] = []

    def start(
        self, running: ExitStack, image: LabImage, limits: Limits, ready_timeout: float
    ) -> None:
        """Starts one more instance; it ends with `running`."""
        launched = self._backend.launch(image, limits, Timeline(self._clock))
        instance = running.enter_context(launched)
        instance.wait_ready(ready_timeout)
        self._running += 1
        self._meters += [(self._running, meter) for meter in instance.all_meters()]

    def read(self) -> None:
        for number, meter in self._all_meters():
            at_s = self._clock.now() - self._began
            read = vars(sampler.read(meter))
            figures = {name: read[name] for name in read if name in InstanceReading.model_fields}
            self._add(number, meter, at_s, figures, None)

    def note(self, error: LabError) -> None:
        at_s = self._clock.now() - self._began
        self._add(self._running + 1, Meter("", "instance"), at_s, {}, str(error))

    def _all_meters(self) -> Iterator[tuple[int | None, Meter]]:
        """The services are asked for anew: a backend may start them with its first instance."""
        yield None, sampler.HOST
        for meter in self._backend.services():
            yield None, meter
        yield from self._meters

    def _add(
        self,
        number: int | None,
        meter: Meter,
        at_s: float,
        figures: dict[str, float | None],
        error: str | None,
    ) -> None:
        empty = dict.fromkeys(InstanceReading.model_fields)
        named = {"backend": self._backend.name, "running": self._running, "instance": number}
        of_meter = {"meter": meter.name, "role": meter.role, "at_s": at_s, "error": error}
        row = {**empty, **figures, **named, **of_meter}
        self.rows.append(InstanceReading.model_validate(row))
