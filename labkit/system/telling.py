"""What is told on the way, on standard error. Where that is gone or full, the work goes on."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO


def tell(message: str) -> None:
    """A line, or some."""
    try:
        if sys.stderr is not None:  # None: closed by who has started us
            print(message, file=sys.stderr, flush=True)
    except BlockingIOError:
        pass  # it is full for this moment
    except (OSError, ValueError):  # ValueError: closed in this process
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """What is still to come goes nowhere, and is no error at the interpreter's end."""
    with suppress(OSError, ValueError):  # one without a descriptor, such as a notebook's
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != number:  # it is, where the stream's own was closed
            os.dup2(nowhere, number)
            os.close(nowhere)
