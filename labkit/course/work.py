"""A student's work: guesses, answers, tasks and the seed, in one file beside the notebooks.

It is what is handed in. The file is the student's: the lab replaces it as a whole, each time with
one thing more, and never removes it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from labkit.errors import UsageError
from labkit.record import Record, faults
from labkit.system import owned_files, plain_files

FILE = "my-work.json"
# 0: nobody is in front of the notebook (tests, stored outputs). Nothing waits, nothing is kept.
WIDGETS = "LAB_WIDGETS"


class NotKept(UsageError):
    """The file cannot be written here."""


class Attempt(Record):
    """The answer that counts, how often something was tried, and whether it was right then."""

    answer: Any = None
    tries: int = Field(default=1, ge=0)
    right: bool = False


class Work(Record):
    """The whole file. seed: the numbers of the exercises follow it."""

    seed: int
    guesses: dict[str, float | str] = Field(default_factory=dict)
    answers: dict[str, Attempt] = Field(default_factory=dict)
    tasks: dict[str, bool] = Field(default_factory=dict)


def guess_text(value: float | str) -> str:
    """A guess as it is read: what was chosen, or a number."""
    return value if isinstance(value, str) else f"{value:g}"


def is_static() -> bool:
    """Whether nobody is in front of the notebook."""
    return os.environ.get(WIDGETS, "1") == "0"


def read(folder: Path | None = None) -> Work:
    """What is in the file of a folder (the notebook's own), or an empty one with a new seed.
    UsageError where the file cannot be read: it is left as it is."""
    path = (folder or Path.cwd()) / FILE
    try:
        return Work.model_validate_json(plain_files.read(path))
    except FileNotFoundError:
        return Work(seed=1 + secrets.randbelow(9999))
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"{path.name} cannot be read",
            details=faults(error) if isinstance(error, ValidationError) else str(error),
            resolution="move it to another folder; a new one is begun, with other numbers",
        ) from None


def seed() -> int | None:
    """The student's, from now on; None where nobody is in front of the notebook or the file cannot
    be kept."""
    if is_static():
        return None
    work = read()
    try:
        return work.seed if (Path.cwd() / FILE).exists() else _written(work).seed
    except NotKept:
        return None


def keep(part: str, name: str, value: Any) -> None:
    """Adds one thing to a part of the file (guesses, answers, tasks). NotKept where it cannot be
    written."""
    work = read()
    _written(work.model_copy(update={part: {**getattr(work, part), name: value}}))


def _written(work: Work) -> Work:
    try:
        owned_files.write_whole(Path.cwd() / FILE, work.model_dump_json(indent=1) + "\n")
    except OSError as error:
        why, to_do = str(error), "work in a folder that is yours to write"
        raise NotKept(f"{FILE} cannot be written", details=why, resolution=to_do) from None
    return work
