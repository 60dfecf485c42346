"""What is told on the way, on standard error. Where that is gone or full, the work goes on."""

from __future__ import annotations

import os
import sys
from typing import TextIO


def tell(message: str) -> None:
    """A line, or some."""
    try:
        if sys.stderr is not None:  # None: closed by who has started us
            print(message, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def drop(stream: TextIO) -> None:
    """What is still to come goes nowhere, and is no error at the interpreter's end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
