"""The command line. Results go to stdout; progress and messages go to stderr."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

# Each adds its commands.
from labkit.cli import (
    compare,
    contribute,
    experiments,
    image,
    machine,
    output,
    paas,
    record,
    report,
    runs,
    student,
)
from labkit.cli.app import app
from labkit.errors import LabError
from labkit.system import refusals
from labkit.system.owner_marks import owner
from labkit.system.signals import ENDING, OutsideOfLocks
from labkit.system.telling import tell

__all__ = [
    "app",
    "compare",
    "contribute",
    "experiments",
    "image",
    "machine",
    "main",
    "paas",
    "record",
    "report",
    "runs",
    "student",
]


class Interrupted(BaseException):
    """A signal asks the lab to end. Not an Exception, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


experiments.add_commands()


def main() -> None:
    """The console script: runs a command, turns errors into messages and exit statuses."""
    output.adapt()
    # Imports and charts make hundreds of thousands of objects that stay: to look through them for
    # rubbish each 700 new ones took 4 % of a report's CPU time.
    gc.set_threshold(50_000)
    # More threads do not help our small sums; where none can be started, OpenBLAS sends SIGINT.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _on_signals(OutsideOfLocks(_interrupt))
    try:
        status = _status()
    finally:  # the work is done: a signal that comes now would only break the interpreter's end
        _on_signals(signal.SIG_IGN)
    sys.exit(status)


def _status() -> int:
    """Runs a command to its end."""
    try:
        owner()
        status = _called()
        output.finish()
    except LabError as error:
        return _failed(error, error)
    except Interrupted as error:
        _tell(f"ended by {error}; nothing of it is left running", error)
        return 128 + error.number
    except Exception as error:
        return _failed(refusals.in_words(error) or _unexpected(error), error)
    return status


def _unexpected(error: Exception) -> LabError:
    from labkit.cli.bug_report import unexpected  # what a report needs is slow to import

    return unexpected(error)


def _called() -> int:
    try:
        app()
    except SystemExit as end:  # how typer ends, also where all is well
        return end.code if isinstance(end.code, int) else 0
    return 0


def _failed(told: LabError, error: Exception) -> int:
    _tell(f"error: {told}", error)
    with suppress(LabError):
        output.finish()
    return told.exit_code


def _tell(message: str, error: BaseException) -> None:
    tell("\n".join([message, *getattr(error, "__notes__", [])]))


def _on_signals(action: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """What is ignored stays so: `nohup` asks for that, and a shell for what it starts with `&`."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, action)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal ends the work in order; while that goes on, further ones are ignored."""
    _on_signals(signal.SIG_IGN)
    tell("\nending: removing what is running (a few seconds)")
    raise Interrupted(number)
