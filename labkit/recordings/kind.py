"""What must be known of a recording to write and to read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from labkit.record import Record
from labkit.recordings.manifest import Manifest

M_co = TypeVar("M_co", bound=Manifest, covariant=True)
# Table → its rows.
Rows = Mapping[str, Sequence[Record]]


@dataclass(frozen=True)
class Table:
    """What a row is, and the fields by which no two rows are the same."""

    record: type[Record]
    key: tuple[str, ...]


class Kind(Protocol[M_co]):
    """An experiment, as its recordings know it."""

    @property
    def name(self) -> str: ...
    @property
    def manifest(self) -> type[M_co]: ...
    @property
    def tables(self) -> Mapping[str, Table]: ...

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        """(table, what is wrong with it): what no row shows alone."""
