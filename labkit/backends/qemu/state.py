"""A machine's state on its way to a file and back: through a pipe, whose other end cat(1) holds.

QEMU is handed a descriptor and never a path. What it calls exec: goes through a shell, file: came
with version 8.2, and fd: takes a pipe in every version, a file before version 11 only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO

from labkit.errors import BackendError
from labkit.system.process import end, spawn, wait_for

WRITTEN_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Way:
    """What QEMU is given, and the file at the other end, whose position cat(1) moves on."""

    descriptor: int
    file: IO[bytes]

    def position(self) -> int:
        """How many bytes have gone through it."""
        return os.lseek(self.file.fileno(), 0, os.SEEK_CUR)


@contextmanager
def writing(state: Path) -> Iterator[Way]:
    """The end of a pipe for QEMU to write to; all is in the file after this context."""
    with ExitStack() as stack:
        reading_end, writing_end = _pipe(stack)
        with _told(state):
            file = stack.enter_context(state.open("wb"))
        cat = spawn(["cat"], stdin=reading_end, stdout=file, stderr=PIPE)
        stack.callback(end, cat)
        yield Way(writing_end.fileno(), file)
        writing_end.close()  # QEMU has a copy of its own, and has closed that
        if not wait_for(cat, WRITTEN_TIMEOUT_S) or cat.returncode != 0:
            raise BackendError(
                f"the machine's state could not be written to {state}",
                details=_complaint(cat),
                resolution="make room there, or name another folder with TMPDIR=FOLDER",
            )


@contextmanager
def reading(state: Path) -> Iterator[Way]:
    """The end of a pipe for QEMU to read the state from."""
    with ExitStack() as stack:
        reading_end, writing_end = _pipe(stack)
        with _told(state):
            file = stack.enter_context(state.open("rb"))
        cat = spawn(["cat"], stdin=file, stdout=writing_end, stderr=PIPE)
        stack.callback(end, cat)
        writing_end.close()
        yield Way(reading_end.fileno(), file)


def _pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Both ends of a pipe; to close them once more at the end does no harm."""
    reading_end, writing_end = os.pipe()
    return (
        stack.enter_context(os.fdopen(reading_end, "rb", buffering=0)),
        stack.enter_context(os.fdopen(writing_end, "wb", buffering=0)),
    )


def _complaint(cat: Popen[bytes]) -> str:
    """What cat(1) wrote to its standard error, if it has ended."""
    if cat.poll() is None or cat.stderr is None:
        return "it takes too long"
    return cat.stderr.read().decode(errors="replace").strip()


@contextmanager
def _told(state: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackendError(
            f"the machine's saved state cannot be opened ({state})", details=str(error)
        ) from error
