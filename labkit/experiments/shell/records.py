"""Which scripts run behind which boundaries, and what each did there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording
from labkit.recordings.words import Engine


class Question(Record):
    """A script, behind which boundaries it shall run, its time limit, and how much of each output
    is kept."""

    text: str
    backends: tuple[str, ...]
    seconds: int = Field(default=10, ge=1, le=300)
    output_bytes: int = Field(default=8192, ge=1, le=65536)

    @property
    def id(self) -> str:
        """The same for the same script: the first digits of its SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


class ShellPlan(Record):
    """Script's id → the question, in the order in which they are asked; the packages whose programs
    the scripts may use."""

    scripts: dict[str, Question]
    packages: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _ids_are_of_the_scripts(self) -> Self:
        wrong = [id for id, question in self.scripts.items() if question.id != id]
        if wrong:
            raise ValueError(f"{wrong[0]} is not the SHA-256 of its script")
        return self


class Answer(Record):
    """What a script did behind one boundary; empty where it could not be run: error says why.

    duration_s: the script's, on the host's clock, empty where begin and end came at once;
    peak_pss_bytes: the most that instance and helper took together meanwhile, read ten times a
    second; truncated: an output was longer than kept.
    """

    script: str
    backend: str
    engine: Engine
    exit_status: int | None = None
    duration_s: float | None = None
    peak_pss_bytes: int | None = None
    stdout: str = ""
    stderr: str = ""
    truncated: bool = False
    error: str | None = None


class ShellManifest(Manifest):
    """The manifest of scripts and what they did."""

    plan: ShellPlan


ShellRecording = Recording[ShellManifest]
TABLES: Mapping[str, Table] = {"answers": Table(Answer, ("script", "backend"))}
