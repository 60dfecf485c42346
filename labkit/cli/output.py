"""Where the lab's words go: to any terminal, into a file that may be full, to a reader who may be
gone, in whatever encoding the locale has."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labkit.errors import LabError
from labkit.system.telling import drop, tell
from labkit.text_table import fitted

HANDLER = "labkit"  # of signs that an encoding lacks
NARROWEST = 40
_quiet = False
# Why stdout took no more, once it did not: who wrote then may have swallowed it (typer's --help).
_refusal: LabError | None = None
# One column each, as wide as what they stand for. What has no such sign is told as "?".
_PLAIN = str.maketrans("✓✗×–−─→↔·…«»└≤≥µ±•’", "+x" + 'x---><.~""`<>u~*\'')


def _plain(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"".join(map(_sign, error.object[error.start : error.end])), error.end


def _sign(sign: str) -> bytes:
    if "\udc80" <= sign <= "\udcff":  # a byte of a file's name that is no text: as it is (PEP 383)
        return bytes([ord(sign) - 0xDC00])
    return unicodedata.normalize("NFKD", sign.translate(_PLAIN)).encode("ascii", "ignore") or b"?"


codecs.register_error(HANDLER, _plain)


class _Results(io.TextIOWrapper):
    """Stdout. That it takes no more is told as such: the system does not say which file is full."""

    def write(self, text: str) -> int:
        with _told():
            return super().write(text)

    def flush(self) -> None:
        with _told():
            super().flush()


def adapt() -> None:
    """No sign that a terminal's encoding lacks (ko_KR.EUC-KR, ASCII) ends a command."""
    if isinstance(sys.stderr, io.TextIOWrapper):  # None: closed by who has started us
        sys.stderr.reconfigure(errors=HANDLER)
    if isinstance(out := sys.stdout, io.TextIOWrapper):
        encoding, by_line, through = out.encoding, out.line_buffering, out.write_through
        sys.stdout = _Results(
            out.detach(), encoding, HANDLER, line_buffering=by_line, write_through=through
        )
        sys.__stdout__ = sys.stdout  # type: ignore[misc]  # whom shutil asks for the width


def show(make: Callable[[], str]) -> None:
    """A result, on stdout; in a terminal, of the terminal's width."""
    columns = None
    if sys.stdout is not None and sys.stdout.isatty():
        with suppress(OSError):
            columns = max(os.get_terminal_size(sys.stdout.fileno()).columns, NARROWEST)
    with fitted(columns):
        text = make()
    print(text)


def hush() -> None:
    """--quiet: results and errors only."""
    global _quiet
    _quiet = True


def quiet() -> bool:
    """Whether the user wants results and errors only."""
    return _quiet


def say(message: str) -> None:
    """A remark to the user, on stderr."""
    if not _quiet:
        tell(message)


def form_line(form: str, page: Path) -> str:
    """Where a page in another form is, and how to hand it in."""
    return f"{form}:  {page}\n           for a PDF: open it in a browser, and print it"


def finish() -> None:
    """Writes what is left in stdout. A reader who has gone has read enough, as in `labkit doctor |
    head -1`; any other refusal is a LabError, also where it came earlier."""
    if _refusal is not None:
        raise _refusal
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        drop(sys.stdout)


@contextmanager
def _told() -> Iterator[None]:
    global _refusal
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        drop(sys.stdout)
        _refusal = LabError(
            "the output could not be written",
            details=error.strerror or str(error),
            resolution="send it elsewhere",
        )
        raise _refusal from error
