"""What was seen as a folder: manifest.json, and answers.csv with a row an answer."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from labkit import paths, tables
from labkit.errors import StoreError
from labkit.seen.facts import ATTEMPTS, FACTS, Outcome, Seen, SightManifest

MANIFEST, ANSWERS = "manifest.json", "answers.csv"
RECORDED = "seen"
OUTCOMES: tuple[Outcome, ...] = ("allowed", "refused", "not tried")


def text(answers: Sequence[Seen]) -> str:
    """The table's text."""
    return tables.head(Seen) + tables.text(answers)


def digest(answers: Sequence[Seen]) -> str:
    return hashlib.sha256(text(answers).encode()).hexdigest()


def write(folder: Path, manifest: SightManifest, answers: Sequence[Seen]) -> Path:
    """Writes both files; StoreError where that cannot be done, or something else is there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if others := {path.name for path in folder.iterdir()} - {MANIFEST, ANSWERS}:
            raise StoreError(
                f"{folder} holds something else: {', '.join(sorted(others)[:3])}",
                resolution="name a folder that is empty or does not exist",
            )
        (folder / ANSWERS).write_text(text(answers), encoding="utf-8")
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{folder} cannot be written",
            details=str(error),
            resolution="name a folder that you may write, on a disk with room",
        ) from error
    return folder


def read(folder: Path | None = None) -> tuple[SightManifest, tuple[Seen, ...]]:
    """Both files, checked; without a folder, what was recorded for reading. StoreError says what
    is damaged."""
    folder = folder or paths.reference_dir() / RECORDED
    try:
        manifest = SightManifest.model_validate_json((folder / MANIFEST).read_bytes())
        content = (folder / ANSWERS).read_bytes()
        answers = [row for row in tables.parse(content, Seen) if isinstance(row, Seen)]
        _check(manifest, answers)
    except (OSError, ValueError, csv.Error, ValidationError) as error:
        raise StoreError(
            f"what was seen cannot be read from {folder}",
            details=str(error),
            resolution="look anew (labkit seen --out FOLDER), or restore it with git checkout",
        ) from error
    return manifest, tuple(answers)


def _check(manifest: SightManifest, answers: Sequence[Seen]) -> None:
    """ValueError unless each backend has each answer, once, and none was changed."""
    keys = [(row.backend, row.kind, row.name) for row in answers]
    wanted = [("fact", name) for name in FACTS] + [("attempt", name) for name in ATTEMPTS]
    expected = [(backend, *pair) for backend in manifest.backends for pair in wanted]
    if keys != expected:
        wrong = next(iter(sorted(set(keys) ^ set(expected))), "their order")
        raise ValueError(f"answers are missing, twice or too many: {wrong}")
    for row in answers:
        if row.kind == "attempt" and row.value not in OUTCOMES:
            raise ValueError(f"{row.backend}, {row.name}: {row.value!r} is no outcome")
    if digest(answers) != manifest.answers_digest:
        raise ValueError(f"{ANSWERS} was changed since it was written")
