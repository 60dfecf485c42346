"""Reads a recording: every row checked, and all of them as they were written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel
from pydantic_core import from_json

from labkit.errors import StoreError
from labkit.record import Record
from labkit.recordings import files, integrity, journal
from labkit.recordings.checked import REMEDY, Checked, parsed
from labkit.recordings.journal import Line
from labkit.recordings.kind import Kind
from labkit.recordings.manifest import SCHEMA_VERSION, Ending, Manifest
from labkit.system import plain_files
from labkit.system.paths import contributed_dir, reference_dir, runs_dir, typed

if TYPE_CHECKING:
    import pandas as pd

M = TypeVar("M", bound=Manifest)
MANIFEST, ENDING = "manifest.json", "ending.json"


class Named(BaseModel):
    """What each manifest says, whichever experiment's it is."""

    experiment: str


@dataclass(frozen=True)
class Recording(Generic[M]):
    """A loaded recording. Each of its tables is a frame, with the columns of its record, also to
    be had as an attribute: `recording.trials`. ending is None for one that was broken off, or
    goes on; left_out: what could not be measured → why."""

    path: Path
    manifest: M
    tables: Mapping[str, pd.DataFrame]
    ending: Ending | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_") or name not in self.tables:
            raise AttributeError(f"the recording has no table {name!r}")
        return self.tables[name]

    def json(self) -> dict[str, Any]:
        """Manifest and tables for scripts; what is empty is null."""
        rows = {name: plain_rows(frame) for name, frame in self.tables.items()}
        return {
            "recording": self.manifest.recording_id,
            "path": str(self.path.resolve()),
            "ending": self.ending.reason if self.ending else None,
            "manifest": self.manifest.model_dump(mode="json"),
            "left_out": dict(self.left_out),
            "tables": rows,
        }


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: what is NaN is None."""
    return [
        {str(name): None if _is_empty(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def read(path: Path, kind: Kind[M]) -> Recording[M]:
    """StoreError names the file that is missing, torn, changed, or makes no sense."""
    manifest = read_manifest(path, kind.manifest)
    ending = read_ending(path)
    line = None if ending else _line(path)
    if ending is None and line is None:  # unless it came to its end just now
        ending = read_ending(path)
    if ending is not None:
        contents, left_out = _finished(path, kind, ending), ending.left_out
    elif line is not None:
        contents, left_out = _unfinished(path, kind, line), line.left_out
    else:
        raise files.damaged(path / ENDING, f"neither it nor {journal.JOURNAL} is there", REMEDY)
    rows = Checked(path, kind, contents)
    for table, why in integrity.faults(kind, manifest, rows):
        raise files.damaged(path / f"{table}.csv", why, REMEDY)
    return Recording(path, manifest, rows.frames, ending, left_out)


def read_manifest(path: Path, manifest: type[M]) -> M:
    """The first file of a recording; StoreError when it is damaged or of another version."""
    file = path / MANIFEST
    with files.reading(file, REMEDY):
        content = plain_files.read(file)
        require_version(file, content)
        return manifest.model_validate_json(content)


def require_version(file: Path, content: bytes) -> None:
    """StoreError for the manifest of another format. Raises ValueError for what is none."""
    manifest = from_json(content)
    if not isinstance(manifest, dict):
        raise ValueError("it is no manifest")  # noqa: TRY004  as pydantic says it
    version = manifest.get("schema_version", 1)
    if type(version) is not int or version < 1:
        raise ValueError(f"its schema_version is {json.dumps(version)}, and no number from 1 on")
    if version != SCHEMA_VERSION:
        older = version < SCHEMA_VERSION and "run_id" in manifest  # what migrate.py can read
        raise StoreError(
            f"{file} has schema version {version}, not {SCHEMA_VERSION}",
            resolution=f"write it anew in this format: labkit migrate {typed(file.parent)}"
            if older
            else "read it with the version of the lab that wrote it",
        )


def read_ending(path: Path) -> Ending | None:
    """The last file of a recording, or None where it is not there."""
    file = path / ENDING
    with files.reading(file, REMEDY):
        try:
            return Ending.model_validate_json(plain_files.read(file))
        except FileNotFoundError:
            return None


def batches(path: Path) -> int:
    """How many are finished of a recording that was broken off."""
    with suppress(StoreError):
        line = _line(path)
        return line.batches if line else 0
    return 0


def read_rows(path: Path, kind: Kind[Any]) -> dict[str, Sequence[Record]]:
    """Table → its rows so far."""
    if (ending := read_ending(path)) is not None:
        contents = _finished(path, kind, ending)
    elif (line := _line(path)) is not None:
        contents = _unfinished(path, kind, line)
    else:
        raise files.damaged(path / journal.JOURNAL, "it is not there", REMEDY)
    return {
        name: parsed(path, name, content, kind.tables[name].record) for name, content in contents
    }


def _finished(path: Path, kind: Kind[Any], ending: Ending) -> Iterator[tuple[str, bytes]]:
    """Table → its text; its digest is that of the ending."""
    known = {MANIFEST, *(f"{name}.csv" for name in kind.tables)}
    if not {MANIFEST} <= ending.digests.keys() <= known:
        raise files.damaged(path / ENDING, "its digests are not those of the files here", REMEDY)
    with files.reading(path / MANIFEST, REMEDY):
        _require(files.digest_of(plain_files.read(path / MANIFEST)), ending.digests[MANIFEST])
    for name in kind.tables:
        file, content = path / f"{name}.csv", b""
        if file.name in ending.digests:
            with files.reading(file, REMEDY):
                content = plain_files.read(file)
                _require(files.digest_of(content), ending.digests[file.name])
        yield name, content


def _require(digest: str, noted: str) -> None:
    if digest != noted:
        raise ValueError(f"it was changed since it was written: {ENDING} has another SHA-256")


def _line(path: Path) -> Line | None:
    """The last line of the journal, which is there until the recording comes to its end."""
    with files.reading(path / journal.JOURNAL, REMEDY):
        try:
            return journal.last(path)
        except FileNotFoundError:
            return None


def _unfinished(path: Path, kind: Kind[Any], line: Line) -> Iterator[tuple[str, bytes]]:
    """Table → the part of its text that is complete."""
    if not line.extents.keys() <= {f"{name}.csv" for name in kind.tables}:
        raise files.damaged(
            path / journal.JOURNAL, "its tables are not those of the files here", REMEDY
        )
    for name in kind.tables:
        extent = line.extents.get(f"{name}.csv")
        with files.reading(path / f"{name}.csv", REMEDY):
            content = journal.read(path, f"{name}.csv", extent) if extent else b""
        yield name, content


def find(recording: str | Path) -> Path:
    """The folder of a recording: itself, or by its name one of the user's own or of those that
    come with the lab. StoreError when there is none."""
    folders = (runs_dir(), reference_dir(), contributed_dir())
    # A path of its own is itself in each of them.
    places = (Path(), *folders)
    candidates = list(dict.fromkeys(place / recording for place in places))
    if re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{4}", str(recording)):
        candidates += runs_dir().glob(f"{recording}-*")  # its folder names the experiment, too
    for candidate in candidates:
        with files.reading(candidate / MANIFEST, REMEDY):  # its folder may be closed to this user
            if (candidate / MANIFEST).is_file():
                return candidate
    raise StoreError(
        f"there is no recording {str(recording)!r}",
        details=f"looked for {MANIFEST} in " + ", ".join(str(c) for c in candidates),
        resolution="name a folder that the lab has written, or its id",
    )


def experiment_of(path: Path) -> str:
    """The name of the experiment whose recording this is, by its manifest."""
    file = path / MANIFEST
    with files.reading(file, REMEDY):
        content = plain_files.read(file)
        require_version(file, content)
        return Named.model_validate_json(content).experiment
