"""The command line. Results go to stdout; progress and messages go to stderr."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

# Each adds its commands.
from labkit.cli import (
    compare,
    image,
    machine,
    neighbours,
    paas,
    report,
    run,
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
    "machine",
    "main",
    "neighbours",
    "paas",
    "report",
    "run",
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
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
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


def _fail(message: str, error: BaseException) -> None:
    say("\n".join([message, *getattr(error, "__notes__", [])]))


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first signal ends the work in order; while that goes on, further ones are ignored."""
    for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    say("\nending: removing what is running (a few seconds)")
    raise Interrupted(number)
