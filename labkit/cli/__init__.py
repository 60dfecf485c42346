"""The command line. Results go to stdout; progress and messages go to stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

# Each adds its commands.
from labkit.cli import (
    compare,
    image,
    images,
    inside,
    machine,
    neighbours,
    paas,
    report,
    run,
    seen,
    selftest,
    student,
)
from labkit.cli.app import app, say
from labkit.errors import LabError
from labkit.process import owner

__all__ = [
    "app",
    "compare",
    "image",
    "images",
    "inside",
    "machine",
    "main",
    "neighbours",
    "paas",
    "report",
    "run",
    "seen",
    "selftest",
    "student",
]


class Interrupted(BaseException):
    """A signal asks the lab to end. Not an Exception, so that nothing on the way swallows it."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def main() -> None:
    """The console script: runs a command, turns errors into messages and exit statuses."""
    owner()
    _on_signals(_interrupt)
    try:
        app()
    except LabError as error:
        _fail(f"error: {error}", error)
        sys.exit(error.exit_code)
    except Interrupted as error:
        _fail(f"ended by {error}; nothing of it is left running", error)
        sys.exit(128 + error.number)
    except BrokenPipeError:  # the reader of our output has gone, as in `labkit doctor | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:  # the work is done: a signal that comes now would only break the interpreter's end
        _on_signals(signal.SIG_IGN)


def _on_signals(action: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def _fail(message: str, error: BaseException) -> None:
    say("\n".join([message, *getattr(error, "__notes__", [])]))


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal ends the work in order; while that goes on, further ones are ignored."""
    _on_signals(signal.SIG_IGN)
    say("\nending: removing what is running (a few seconds)")
    raise Interrupted(number)
