"""Files of a recording: whole or not there, on the disk when a call returns, and errors in the
user's words."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from labkit.errors import StoreError
from labkit.record import faults
from labkit.system import owned_files, refusals
from labkit.system.paths import typed


def digest_of(content: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def append(path: Path, content: bytes) -> None:
    """Adds to the end of a file, and waits until that is on the disk. Raises OSError."""
    new = not path.exists()
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if new:
        owned_files.sync(path.parent)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns the system's refusal into a StoreError."""
    try:
        yield
    except OSError as error:
        full = error.errno in refusals.FULL
        raise StoreError(
            f"{path} cannot be written",
            details=error.strerror or str(error),
            resolution="make room there, or name another place" if full else "name another place",
        ) from error


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[None]:
    """remedy: how to come by one that is whole."""
    try:
        yield
    except FileNotFoundError as error:
        raise damaged(path, error.strerror or str(error), remedy) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValidationError as error:
        raise damaged(path, faults(error), remedy) from error
    except (ValueError, csv.Error) as error:
        raise damaged(path, str(error), remedy) from error


def _unreadable(path: Path, error: OSError) -> StoreError:
    """What is in it, nobody knows: it may well be whole."""
    denied = isinstance(error, PermissionError)
    return StoreError(
        f"{path} may not be read by you" if denied else f"{path} cannot be read",
        details=error.strerror or str(error),
        resolution=f"its owner lets you: chmod a+r {typed(path)} (and a+rx its folders)"
        if denied
        else "see to what the system says of it; then once more",
    )


def damaged(path: Path, why: str, remedy: str) -> StoreError:
    """What is read has not the content that was written."""
    return StoreError(f"{path} is damaged or missing", details=why, resolution=remedy)
