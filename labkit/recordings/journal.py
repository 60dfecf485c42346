"""How much of each table is complete, as long as a recording goes on.

A batch (a trial, with all that belongs to it) goes into several tables. When all of its rows are on
the disk, one line is added to the journal: with the size of each table, and the SHA-256 of what it
holds up to there. What lies beyond was being written when the recording was broken off, and is no
part of it. So a batch is there as a whole or not at all, and a change is noticed before the end,
too. With the recording's end its digests take the journal's place.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import Field

from labkit.record import Record
from labkit.recordings import files
from labkit.system import owned_files, plain_files

JOURNAL = "journal.jsonl"


class Extent(Record):
    """How many bytes of a file count, and their SHA-256."""

    size: int
    sha256: str


class Line(Record):
    """The state after a batch."""

    batches: int = 0
    extents: dict[str, Extent] = Field(default_factory=dict)
    left_out: dict[str, str] = Field(default_factory=dict)


def last(folder: Path) -> Line:
    """The last line that was written to its end. Raises OSError or ValueError."""
    whole, _, _ = plain_files.read(folder / JOURNAL).rpartition(b"\n")
    return Line.model_validate_json(whole.rpartition(b"\n")[2]) if whole else Line()


def read(folder: Path, name: str, extent: Extent) -> bytes:
    """What counts of a file. ValueError where that is not what the journal says."""
    content = plain_files.read(folder / name)[: extent.size]
    if files.digest_of(content) != extent.sha256:
        raise ValueError(f"it was changed since it was written: {JOURNAL} has another SHA-256")
    return content


class Journal:
    """Writes batches into tables, and the journal."""

    def __init__(self, folder: Path, tables: Collection[str], line: Line) -> None:
        """Goes on after `line`; cuts off what lies beyond. Raises OSError or ValueError."""
        self.line = line
        self._folder, self._tables = folder, tables
        self._digests = {
            name: hashlib.sha256(read(folder, name, extent))
            for name, extent in line.extents.items()
        }
        self._size = plain_files.read(folder / JOURNAL).rfind(b"\n") + 1
        self._cut()

    def add(self, contents: Mapping[str, bytes], left_out: Mapping[str, str]) -> None:
        """One batch: file → what is added to it. Raises OSError; then none of it is there."""
        digests = {name: digest.copy() for name, digest in self._digests.items()}
        for name, content in contents.items():
            digests.setdefault(name, hashlib.sha256()).update(content)
        line = Line(
            batches=self.line.batches + 1,
            extents={name: self._extent(name, contents, digests[name]) for name in digests},
            left_out=dict(left_out),
        )
        text = f"{line.model_dump_json()}\n".encode()
        try:
            for name, content in {**contents, JOURNAL: text}.items():
                files.append(self._folder / name, content)
        except OSError:
            self._cut()
            raise
        self.line, self._digests, self._size = line, digests, self._size + len(text)

    def _extent(self, name: str, contents: Mapping[str, bytes], digest: hashlib._Hash) -> Extent:
        before = self.line.extents[name].size if name in self.line.extents else 0
        return Extent(size=before + len(contents.get(name, b"")), sha256=digest.hexdigest())

    def _cut(self) -> None:
        """Nothing is left of a batch that was not written to its end."""
        sizes = {name: extent.size for name, extent in self.line.extents.items()}
        for name, size in {**sizes, JOURNAL: self._size}.items():
            os.truncate(self._folder / name, size)
        for name in set(self._tables) - set(sizes):
            owned_files.discard(self._folder / name)
