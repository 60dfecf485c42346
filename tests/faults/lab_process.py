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

import labkit.lab
import labkit.stats  # noqa: F401  imported once, for all labs that are forked
from labkit import cli, image, run_writer, runner
from labkit.backends.qemu import QemuInstance
from labkit.image.lab_image import image_in
from labkit.process import Clock
from labkit.protocol import Session
from labkit.timeline import Timeline


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
    cli.run._show = lambda result, as_json: cli.run._fail_for_failed_trials(result)
    cli.main()


def _tell_all(tell: Callable[[str], None]) -> None:
    def timeline(clock: Clock) -> Timeline:
        return Timeline(clock, tell)

    def append(path: Path, text: str) -> None:
        """The first half of a row is on disk already when it is told."""
        half = len(text) // 2
        write(path, text[:half], mode="a")
        tell(f"writing {path.stem}")
        write(path, text[half:], mode="a")

    def save(instance: QemuInstance, state: Path) -> None:
        tell("saving")
        saved(instance, state)

    write, saved = run_writer._write_synced, QemuInstance.save
    setattr(runner, "Timeline", timeline)  # noqa: B010  checked types do not allow it
    run_writer._append_synced = append
    QemuInstance.save = save  # type: ignore[method-assign,assignment]


def _make_impatient(patience_s: float | None) -> None:
    if patience_s is None:
        return
    run, stop = Session.run, Session.stop
    Session.run = lambda self, request, timeout, *more: run(  # type: ignore[method-assign]
        self, request, min(timeout, patience_s), *more
    )
    Session.stop = lambda self, timeout: stop(  # type: ignore[method-assign]
        self, min(timeout, patience_s)
    )


# Read once here, and not in each fork.
with suppress(Exception):
    image.find()
