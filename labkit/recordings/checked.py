"""The tables of a recording that is read: each row is valid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.record import Record
from labkit.recordings import columns, files, tables
from labkit.recordings.kind import Kind

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "restore it from a copy, or record it anew"


def parsed(path: Path, name: str, content: bytes, record: type[Record]) -> Sequence[Record]:
    with files.reading(path / f"{name}.csv", REMEDY):
        return tables.parse(content, record) if content else []


class Checked(Mapping[str, Sequence[Record]]):
    """Table → its rows, each of which is valid, as records and as frames. Of a table of many rows
    there are records only when they are asked for: one by one they take a hundred times longer."""

    def __init__(self, path: Path, kind: Kind[Any], contents: Iterable[tuple[str, bytes]]) -> None:
        self.frames: dict[str, pd.DataFrame] = {}
        self._records: dict[str, Sequence[Record]] = {}
        self._kind = kind
        for name, content in contents:
            record = kind.tables[name].record
            frame = columns.read(content, record)
            if frame is None:
                self._records[name] = parsed(path, name, content, record)
                frame = tables.frame(self._records[name], record)
            self.frames[name] = frame

    def __getitem__(self, name: str) -> Sequence[Record]:
        if name not in self._records:
            self._records[name] = tables.records(self.frames[name], self._kind.tables[name].record)
        return self._records[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.frames)

    def __len__(self) -> int:
        return len(self.frames)
