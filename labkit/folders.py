"""The folder of something that was recorded and is no run: a JSON file about it, and tables.

Whatever is read is checked; what cannot be written or read is told, with what to do.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from labkit import tables
from labkit.errors import StoreError
from labkit.records import Record

Kind = TypeVar("Kind", bound=Record)


def begin(folder: Path, own: Collection[str] = ()) -> None:
    """Makes the folder. StoreError where it holds anything but files with these names, which are
    about to be written over, and where it cannot be written: to be called before the work."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        others = {path.name for path in folder.iterdir()} - set(own)
        if not os.access(folder, os.W_OK):
            raise PermissionError("it belongs to somebody else")
    if others:
        raise StoreError(
            f"{folder} holds something else: {', '.join(sorted(others)[:3])}",
            resolution="name a folder that is empty or does not exist",
        )


def write(folder: Path, about_name: str, about: Record, texts: Mapping[str, str]) -> None:
    """Writes the tables and, last, the file about them; each file is the old one or the new one,
    at every moment."""
    text = about.model_dump_json(indent=1) + "\n"
    for name, content in {**texts, about_name: text}.items():
        with writing(folder / name):
            draft = folder / f".{name}.part"
            try:
                draft.write_text(content, encoding="utf-8", newline="\n")
                draft.replace(folder / name)
            finally:
                draft.unlink(missing_ok=True)


def read_about(file: Path, kind: type[Kind], remedy: str) -> Kind:
    with reading(file, remedy):
        return kind.model_validate_json(file.read_bytes())


def read_rows(file: Path, kind: type[Kind], remedy: str, digest: str | None = None) -> list[Kind]:
    """A table's rows; with a digest, those that it was noted for."""
    with reading(file, remedy):
        content = file.read_bytes()
        rows = tables.parse(content, kind)
        if digest is not None and digest_of(content) != digest:
            raise ValueError("it was changed since it was written: its SHA-256 is another one")
        return [row for row in rows if isinstance(row, kind)]


def table_text(kind: type[Record], rows: Sequence[Record]) -> str:
    return tables.head(kind) + tables.text(rows)


def digests(texts: Mapping[str, str]) -> dict[str, str]:
    """File → SHA-256 of its content."""
    return {name: digest_of(text.encode()) for name, text in texts.items()}


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written",
            details=error.strerror or str(error),
            resolution="make room there, or name another folder with --out",
        ) from error


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[None]:
    """remedy: how to come by one that is whole."""
    try:
        yield
    except (OSError, ValueError, csv.Error) as error:  # pydantic's errors are ValueErrors
        raise StoreError(
            f"{path} is damaged or missing", details=str(error), resolution=remedy
        ) from error
