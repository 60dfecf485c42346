"""What was seen as a folder: manifest.json, and answers.csv with a row an answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from labkit import folders, paths
from labkit.seen.facts import ATTEMPTS, FACTS, Outcome, Seen, SightManifest

MANIFEST, ANSWERS = "manifest.json", "answers.csv"
RECORDED = "seen"
REMEDY = "look anew (labkit seen --out FOLDER), or restore it with git checkout"
OUTCOMES: tuple[Outcome, ...] = ("allowed", "refused", "not tried")


def digest(answers: Sequence[Seen]) -> str:
    return folders.digest_of(folders.table_text(Seen, answers).encode())


def write(folder: Path, manifest: SightManifest, answers: Sequence[Seen]) -> Path:
    """Writes both files; StoreError where that cannot be done, or something else is there."""
    begin(folder)
    folders.write(folder, MANIFEST, manifest, {ANSWERS: folders.table_text(Seen, answers)})
    return folder


def begin(folder: Path) -> None:
    """Makes the folder, before what is to be written is looked for."""
    folders.begin(folder, (MANIFEST, ANSWERS))


def read(folder: Path | None = None) -> tuple[SightManifest, tuple[Seen, ...]]:
    """Both files, checked; without a folder, what was recorded for reading. StoreError says what
    is damaged."""
    folder = folder or paths.reference_dir() / RECORDED
    manifest = folders.read_about(folder / MANIFEST, SightManifest, REMEDY)
    answers = folders.read_rows(folder / ANSWERS, Seen, REMEDY)
    with folders.reading(folder / ANSWERS, REMEDY):
        _check(manifest, answers)
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
