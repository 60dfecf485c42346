"""Ten containers of one image, and ten containers of ten images: what do they take in memory?

All run the same Python program. Those of one image read its files from the same inodes, so the
kernel has each page of them once (page cache, overlayfs: Documentation/filesystems/overlayfs.rst);
an image that somebody else has built has files of its own, and pages of its own, though the bytes
are the same. PSS divides a shared page among those that map it, so the sum shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from labkit.errors import BackendError
from labkit.experiments.images import recipes
from labkit.experiments.images.archive import Recipe
from labkit.experiments.images.docker import Program
from labkit.experiments.images.python_root import INTERPRETER
from labkit.experiments.images.records import PageSharingReading
from labkit.experiments.images.setting import Setting
from labkit.image import LabImage
from labkit.measure import sampler

COUNT = 10
COMMAND = (INTERPRETER, "-c", recipes.PYTHON_WORDS)


def page_sharing(given: Setting, *, count: int = COUNT) -> list[PageSharingReading]:
    """Starts container after container, reads all of them after each."""
    rows: list[PageSharingReading] = []
    for trial in range(1, given.trials + 1):
        for number in (1, count):
            given.say(f"{count} containers of {number} image{'s' if number > 1 else ''}")
            rows += _series(given, trial, number, count)
    return rows


def _series(given: Setting, trial: int, number: int, count: int) -> list[PageSharingReading]:
    rows: list[PageSharingReading] = []
    with ExitStack() as stack:
        tags = [
            stack.enter_context(given.images.loaded(recipe, given.scratch))
            for recipe in _recipes(given.lab_image, number)
        ]
        running: list[Program] = []
        for place in range(count):
            program = stack.enter_context(given.images.program(tags[place % number], COMMAND))
            require_ready(program)
            running.append(program)
            rows += [_read(one, trial, number, len(running), n) for n, one in enumerate(running, 1)]
    return rows


def _recipes(lab_image: LabImage, number: int) -> Iterator[Recipe]:
    """One at a time: each holds its layers in memory."""
    return (recipes.own_python(lab_image, builder) for builder in range(1, number + 1))


def require_ready(program: Program) -> None:
    """Waits for the program's first line; BackendError when it is another one."""
    line = program.line()
    if line != recipes.READY:
        raise BackendError("the program is not ready", details=f"it said: {line}")
    program.timeline.mark("ready")


def _read(
    program: Program, trial: int, images: int, running: int, number: int
) -> PageSharingReading:
    own = [meter for meter in program.meters() if meter.role == "instance"]
    reading = sampler.read(own[0]) if own else sampler.Reading()
    return PageSharingReading(
        trial=trial,
        images=images,
        running=running,
        container=number,
        rss_bytes=reading.rss_bytes,
        pss_bytes=reading.pss_bytes,
        uss_bytes=reading.uss_bytes,
        cgroup_bytes=reading.cgroup_bytes,
    )
