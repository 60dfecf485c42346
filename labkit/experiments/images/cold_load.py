"""From nothing to ready: an empty store, an image at rest beside it, and an instance that answers.

A container's image is loaded into Docker's store, of which no layer is there before (each image
carries a mark of its own). A machine's files are copied into an empty folder and brought to the
disk. Then both start and the agent's first line is awaited. The second start finds the image
there: the difference is what «nothing» costs. No network is in it; the bytes say what a download
would have to carry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from labkit.backends.base import Backend
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.experiments.images.cold_load_steps import CONTAINERS, Way, container, machine
from labkit.experiments.images.records import ColdLoadStep
from labkit.experiments.images.setting import Setting
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import SLOW_ENGINES

# What follows the image: (title, the milestone that ends it).
STARTS = (("create the instance", "created"), ("start it", "started"), ("until ready", "ready"))


def cold_load(given: Setting) -> list[ColdLoadStep]:
    """All ways in random order, so many times. A machine that cannot run is noted as left out."""
    machines = map(make_backend, given.machines)
    ready = [machine for machine in machines if runs(machine, given.left_out)]
    order = given.order()
    rows: list[ColdLoadStep] = []
    for trial in range(1, given.trials + 1):
        ways = [*_containers(given, trial), *_machines(ready, given, trial)]
        order.shuffle(ways)
        for opened in ways:
            with opened as way:
                rows += _go(way, trial, given)
    return rows


def _containers(given: Setting, trial: int) -> Iterator[AbstractContextManager[Way]]:
    for name, make in CONTAINERS.items():
        recipe = make(given.lab_image, trial)
        yield container(name, given.images, given.scratch, given.lab_image, recipe)


def _machines(
    ready: Sequence[Backend], given: Setting, trial: int
) -> Iterator[AbstractContextManager[Way]]:
    """An engine that interprets takes minutes for both starts: it is looked at once."""
    for backend in ready:
        if trial == 1 or backend.engine(given.lab_image) not in SLOW_ENGINES:
            yield machine(backend, given.lab_image)


def runs(backend: Backend, left_out: dict[str, str] | None = None) -> bool:
    """Whether a machine can run here; if not, its reason is noted."""
    missing = backend.problem()
    if missing is not None and left_out is not None:
        left_out[backend.name] = missing.reason
    return missing is None


def _go(way: Way, trial: int, given: Setting) -> list[ColdLoadStep]:
    clock = way.backend.clock
    begin = clock.now()
    image = way.store()
    stored = clock.now() - begin
    bytes_ = sum(path.stat().st_size for path in way.files)
    first = [_row(way, trial, 1, 1, way.title, len(way.files), bytes_, stored)]
    rows = [*first, *_start(way, image, (trial, 1, 2), given.ready_timeout)]
    rows += _start(way, image, (trial, 2, 1), given.ready_timeout)
    whole = sum(row.seconds for row in rows if row.start == 1)
    given.say(f"from nothing, {way.name}: ready after {whole:.1f} s")
    return rows


def _start(
    way: Way, image: LabImage, which: tuple[int, int, int], ready_timeout: float
) -> Iterator[ColdLoadStep]:
    """which: trial, start, and the number of the first step."""
    trial, start, step = which
    timeline = Timeline(way.backend.clock)
    timeline.mark("requested")
    with way.backend.launch(image, Limits(), timeline) as instance:
        instance.wait_ready(ready_timeout)
        instance.stop()
    at, before = timeline.since_requested(), 0.0
    for number, (title, milestone) in enumerate(STARTS, step):
        yield _row(way, trial, start, number, title, 0, 0, at[milestone] - before)
        before = at[milestone]


def _row(
    way: Way,
    trial: int,
    start: int,
    step: int,
    title: str,
    files: int,
    size: int,
    seconds: float,
) -> ColdLoadStep:
    return ColdLoadStep(
        trial=trial,
        way=way.name,
        backend=way.backend.name,
        engine=way.engine,
        start=start,
        step=step,
        title=title,
        files=files,
        bytes=size,
        seconds=seconds,
    )
