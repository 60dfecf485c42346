"""A lab in a process of its own that tells how far it is and waits to be let on.

It is the command line itself, forked from a process that has imported it already (which saves
seconds for each fault), with three things put in from outside: its milestones and its writing
are told over a pipe, the time limits of a hung agent are shorter, and no report is drawn.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import labkit.experiments.benchmark.stats  # noqa: F401  imported once, for all labs that are forked
from labkit import image
from labkit.backends.qemu.instance import QemuInstance
from labkit.backends.timeline import Timeline
from labkit.cli import experiments
from labkit.cli import main as labkit_main
from labkit.experiments import report
from labkit.guest.protocol import Session
from labkit.image.lab_image import image_in
from labkit.measure import runner
from labkit.recordings import files
from labkit.system import owned_files
from labkit.system.clock import Clock


@dataclass(frozen=True)
class Options:
    """env: what is added to the environment. patience_s: the most that a request may take.
    image: the record of another lab image, and its folder."""

    env: dict[str, str] = field(default_factory=dict)
    patience_s: float | None = None
    image: tuple[dict[str, str], Path] | None = None


class Wire:
    """Tells a moment and waits until it may go on; silent once nobody listens."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection
        self._trials = 0

    def tell(self, moment: str) -> None:
        self._trials += moment == "requested"
        if self._connection is not None:
            try:
                self._connection.send((self._trials, moment))
                self._connection.recv()
            except (EOFError, OSError):
                self._connection = None


def main(
    words: Sequence[str], out: Path, err: Path, connection: Connection, options: Options
) -> None:
    """Runs `labkit WORDS` with its output in files."""
    for file, descriptor in ((out, 1), (err, 2)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.update(options.env)
    sys.argv = ["labkit", *words]
    _tell_all(Wire(connection).tell)
    _make_impatient(options.patience_s)
    if options.image is not None:
        built = image_in(options.image[1], options.image[0])
        image.build = lambda **_: built
    experiments.show = lambda *_: None
    report.write = lambda recording, path, **_: path
    labkit_main()


def _tell_all(tell: Callable[[str], None]) -> None:
    def timeline(clock: Clock) -> Timeline:
        return Timeline(clock, tell)

    def append(path: Path, content: bytes) -> None:
        """The first half of it is on disk already when it is told."""
        half = len(content) // 2
        write(path, content[:half])
        tell(f"writing {path.stem}")
        write(path, content[half:])

    def replace(path: Path, text: str | bytes, mode: int = 0o666) -> None:
        """Told before and after: what is written at once is there as a whole, or not at all."""
        tell(f"before {path.stem}")
        written(path, text, mode)
        tell(f"after {path.stem}")

    def save(instance: QemuInstance, state: Path) -> None:
        tell("saving")
        saved(instance, state)

    write, written, saved = files.append, owned_files.write_whole, QemuInstance.save
    setattr(runner, "Timeline", timeline)  # noqa: B010  checked types do not allow it
    files.append, owned_files.write_whole = append, replace
    QemuInstance.save = save  # type: ignore[method-assign,assignment]


def _make_impatient(patience_s: float | None) -> None:
    if patience_s is None:
        return
    run, stop = Session.run, Session.stop
    Session.run = lambda self, request, timeout, *more, ending=None: run(  # type: ignore[method-assign]
        self, request, min(timeout, patience_s), *more, ending=min(ending or timeout, patience_s)
    )
    Session.stop = lambda self, timeout: stop(  # type: ignore[method-assign]
        self, min(timeout, patience_s)
    )


# Read once here, and not in each fork.
with suppress(Exception):
    image.find()
