"""Writes a run's folder, trial by trial; goes on with one that was broken off."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from labkit import store, tables
from labkit.errors import StoreError
from labkit.records import Ending, InstanceReading, Manifest, Reason
from labkit.store import ENDING, INSTANCES, MANIFEST, TABLES, TrialRecords


class RunWriter:
    """The one that writes into a run's folder; a second one for the same folder is refused."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _lock(path / MANIFEST)

    @classmethod
    def begin(cls, path: Path, manifest: Manifest) -> Self:
        """A new run. StoreError when the folder is there already or cannot be written."""
        try:
            path.mkdir(parents=True)
            for name, kind in TABLES.items():
                _write_synced(path / f"{name}.csv", tables.head(kind))
            if manifest.plan.instances:
                _write_synced(path / INSTANCES, tables.head(InstanceReading))
            # Last: a folder without it is no run yet, so that a run is never half begun.
            _replace(path / MANIFEST, manifest.model_dump_json(indent=1) + "\n")
        except FileExistsError:
            raise StoreError(
                f"{path} is there already",
                details="a run is never written over another one",
                resolution="name another folder with --out, or move this one away",
            ) from None
        except OSError as error:
            shutil.rmtree(path, ignore_errors=True)  # the same folder can be named again
            raise _write_error(path, error) from error
        return cls(path)

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """A run that was broken off: what is left of an unfinished trial is removed."""
        with ExitStack() as stack:
            writer = stack.enter_context(closing(cls(path)))
            _require_unfinished(path)
            whole = store.read_tables(path, torn_end=True)
            try:
                for name, kind in TABLES.items():
                    _replace(path / f"{name}.csv", tables.head(kind) + tables.text(whole[name]))
            except OSError as error:
                raise _write_error(path, error) from error
            stack.pop_all()  # it stays open
        return writer

    def append(self, records: TrialRecords) -> None:
        """Adds one trial; StoreError when the disk does not take it (what was there stays)."""
        sizes = {name: (self.path / f"{name}.csv").stat().st_size for name in TABLES}
        try:
            for name, rows in records.rows().items():
                _append_synced(self.path / f"{name}.csv", tables.text(rows))
        except OSError as error:
            for name, size in sizes.items():
                os.truncate(self.path / f"{name}.csv", size)
            raise _write_error(self.path, error) from error

    def add_instances(self, readings: Sequence[InstanceReading]) -> None:
        """Adds what was read of one backend's instances, all of it or nothing."""
        file = self.path / INSTANCES
        try:
            _replace(file, file.read_text(encoding="utf-8") + tables.text(readings))
        except OSError as error:
            raise _write_error(self.path, error) from error

    def finish(self, reason: Reason, trials: int) -> None:
        """The run is complete: nothing is added from here on."""
        try:
            ending = Ending(
                ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
                reason=reason,
                trials=trials,
                digests=store.digests(self.path),
            )
            _replace(self.path / ENDING, ending.model_dump_json(indent=1) + "\n")
        except OSError as error:
            raise _write_error(self.path, error) from error

    def close(self) -> None:
        """Lets another writer have the folder."""
        os.close(self._lock)


def _require_unfinished(path: Path) -> None:
    if (path / ENDING).exists():
        raise StoreError(
            f"the run in {path} is complete",
            details="another lab has brought it to its end",
            resolution=f"labkit report {path}",
        )


def _lock(file: Path) -> int:
    """flock(2): held until it is closed, also by the end of this process however it comes."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _write_error(file.parent, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(
            f"another lab is writing to {file.parent}",
            details=error.strerror or str(error),
            resolution="wait for its end; two runs write into two folders",
        ) from error
    return descriptor


def _write_synced(path: Path, text: str, *, mode: str = "x") -> None:
    with path.open(mode, encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _append_synced(path: Path, text: str) -> None:
    _write_synced(path, text, mode="a")


def _replace(path: Path, text: str) -> None:
    """The file is the old one or the new one, at every moment."""
    draft = path.with_name(f"{path.name}.part")
    try:
        _write_synced(draft, text, mode="w")
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _write_error(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"the run could not be written to {path}",
        details=error.strerror or str(error),
        resolution="make room or name another folder with --out; finished trials are kept",
    )
