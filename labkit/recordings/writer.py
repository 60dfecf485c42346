"""Writes a recording, batch by batch; goes on with one that was broken off."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from labkit.errors import StoreError
from labkit.recordings import files, journal, tables
from labkit.recordings.checked import REMEDY
from labkit.recordings.journal import JOURNAL, Journal, Line
from labkit.recordings.kind import Kind, Rows
from labkit.recordings.manifest import Ending, Manifest, Reason
from labkit.recordings.reader import ENDING, MANIFEST
from labkit.system import owned_files, plain_files
from labkit.system.paths import typed


class TakenError(StoreError):
    """The folder is another recording's: nothing in it is what this lab has measured."""


class Writer:
    """The one that writes into a folder; a second one for the same folder is refused."""

    def __init__(self, path: Path, kind: Kind[Any], lock: int | None = None) -> None:
        """`lock`: of the folder, if it is there already; it is this writer's from now on."""
        self.path = path
        self._kind = kind
        self._lock = _lock(path) if lock is None else lock
        try:
            _require_unfinished(path)
            with files.reading(path / JOURNAL, REMEDY):
                self._journal = Journal(path, self._files(), journal.last(path))
        except BaseException:
            self.close()
            raise

    @classmethod
    def begin(cls, path: Path, kind: Kind[Any], manifest: Manifest) -> Self:
        """A new recording, in a folder of its own: see `require_free`."""
        require_free(path)
        with files.writing(path):
            path.mkdir(parents=True, exist_ok=True)
            lock = _lock(path)
            try:
                require_free(path)  # until now another lab could have begun one here
                _write_first(path, manifest)
            except BaseException:
                os.close(lock)
                raise
        return cls(path, kind, lock)

    @classmethod
    def reopen(cls, path: Path, kind: Kind[Any]) -> Self:
        """One that was broken off: what is left of an unfinished batch is removed."""
        writer = cls(path, kind)
        try:
            writer._require_same_columns()
        except BaseException:
            writer.close()
            raise
        owned_files.sweep(path)  # drafts of a lab that was killed
        return writer

    @property
    def batches(self) -> int:
        """How many batches are written so far."""
        return self._journal.line.batches

    def append(self, rows: Rows, left_out: Mapping[str, str]) -> None:
        """Adds one batch, table → rows. StoreError when the disk does not take it: what was there
        stays, and nothing of the batch is."""
        contents = {
            f"{name}.csv": self._text(name, records).encode()
            for name, records in rows.items()
            if records
        }
        with files.writing(self.path):
            self._journal.add(contents, left_out)

    def finish(
        self, reason: Reason, left_out: Mapping[str, str], *, ended_at: str | None = None
    ) -> None:
        """The recording is complete: nothing is added from here on. ended_at: if that is not
        now."""
        extents = self._journal.line.extents
        with files.writing(self.path):
            ending = Ending(
                ended_at=ended_at or datetime.now(UTC).isoformat(timespec="seconds"),
                reason=reason,
                batches=self._journal.line.batches,
                left_out=dict(left_out),
                digests={MANIFEST: files.digest_of((self.path / MANIFEST).read_bytes())}
                | {name: extent.sha256 for name, extent in extents.items()},
            )
            owned_files.write_whole(self.path / ENDING, ending.model_dump_json(indent=1) + "\n")
            owned_files.discard(self.path / JOURNAL)

    def close(self) -> None:
        """Lets another writer have the folder."""
        os.close(self._lock)

    def _require_same_columns(self) -> None:
        for name in self._journal.line.extents:
            head = tables.head(self._kind.tables[name.removesuffix(".csv")].record)
            if not plain_files.read(self.path / name).startswith(head.encode()):
                raise StoreError(
                    f"the recording in {self.path} cannot be gone on with",
                    details=f"an older lab has begun it: {name} has other columns today",
                    resolution="measure anew, into a folder of its own; labkit report reads this",
                )

    def _files(self) -> Collection[str]:
        return [f"{name}.csv" for name in self._kind.tables]

    def _text(self, name: str, records: Any) -> str:
        head = tables.head(self._kind.tables[name].record)
        begun = f"{name}.csv" in self._journal.line.extents
        return ("" if begun else head) + tables.text(records)


def require_free(path: Path) -> None:
    """StoreError where a new recording cannot be written into this folder: to be called before the
    work. It must be empty or not be there, and then its parent must take it."""
    with files.writing(path):
        place = next(place for place in (path, *path.absolute().parents) if place.exists())
        if place == path and any(path.iterdir()):
            raise TakenError(
                f"{path} is there already",
                details="a recording is never written over anything else",
                resolution="name another folder with --out, or move this one away",
            )
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(f"{place} cannot be written to")


def _write_first(path: Path, manifest: Manifest) -> None:
    """What each recording begins with. Raises OSError; then the same folder can be named again."""
    try:
        owned_files.write_whole(path / JOURNAL, f"{Line().model_dump_json()}\n")
        # Last: a folder without it is no recording, so that none is ever half begun.
        owned_files.write_whole(path / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        owned_files.sync(path.parent)
    except OSError:
        owned_files.discard(path / JOURNAL)
        owned_files.discard_empty(path)
        raise


def _require_unfinished(path: Path) -> None:
    """To be called with the lock: until then another lab could bring it to its end."""
    if (path / ENDING).exists():
        raise TakenError(
            f"the recording in {path} is complete",
            details="another lab has brought it to its end",
            resolution=f"labkit report {typed(path)}",
        )


def _lock(folder: Path) -> int:
    """flock(2): held until it is closed, also by the end of this process however it comes."""
    with files.writing(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise TakenError(
            f"another lab is writing to {folder}",
            details=error.strerror or str(error),
            resolution="wait for its end; two recordings need two folders",
        ) from error
    return descriptor
