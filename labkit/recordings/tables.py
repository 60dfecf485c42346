"""Records ↔ CSV text ↔ frames: one row a record, each checked against its record class."""

from __future__ import annotations

import csv
import io
import types
import typing
from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from labkit.record import Record

if TYPE_CHECKING:
    import pandas as pd


def head(kind: type[Record]) -> str:
    """The first line of a table of these records."""
    return ",".join(kind.model_fields) + "\n"


def text(records: Sequence[Record]) -> str:
    """The rows of a table, without its first line."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for record in records:
        writer.writerow(_cell(value) for value in record.model_dump().values())
    return buffer.getvalue()


def parse(content: bytes, kind: type[Record], *, torn_end: bool = False) -> list[Record]:
    """A whole table → records. ValueError or csv.Error names the line that makes no sense. A table
    of an older lab may lack columns that have a default.

    With torn_end, a last row that was not written to its end is passed over.
    """
    whole = content if content.endswith(b"\n") else content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content) and not (torn_end and whole):
        raise ValueError(f"its last line (line {content.count(10) + 1}) is torn")
    rows = _rows(whole.decode(), torn_end)
    if not rows or not _is_head(rows[0], kind):
        raise ValueError(f"its first line is not: {head(kind).strip()}")
    # Asked once for the table, not for each of its cells.
    columns = _Columns(
        rows[0],
        {name for name in kind.model_fields if _may_be_none(kind, name)},
        [name for name in kind.model_fields if int in _members(kind, name)],
    )
    return [_parse_row(kind, columns, row, number) for number, row in enumerate(rows[1:], 2)]


class _Columns(NamedTuple):
    """A table's columns, those that may be empty, those of whole numbers."""

    names: list[str]
    empty: Set[str]
    integers: Sequence[str]


def _is_head(names: list[str], kind: type[Record]) -> bool:
    """All fields in their order; an older lab's recording lacks some that have a default."""
    fields = kind.model_fields
    return names == [name for name in fields if name in names or fields[name].is_required()]


def _rows(text: str, torn_end: bool) -> list[list[str]]:
    """Text may hold line ends, so a row may be torn behind one: then a quotation mark is open."""
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        if not torn_end or str(error) != "unexpected end of data":
            raise
    return rows


def frame(records: Sequence[Record], kind: type[Record]) -> pd.DataFrame:
    """Records → frame with the record's fields as columns; what is None is NaN or None."""
    import pandas as pd  # imported here: the command line does not wait for it

    columns = {
        name: pd.Series([getattr(record, name) for record in records], dtype=_dtype(kind, name))
        for name in kind.model_fields
    }
    return pd.DataFrame(columns)


def records(frame: pd.DataFrame, kind: type[Record]) -> list[Record]:
    """A frame of such records → the records."""
    whole = [name for name in kind.model_fields if int in _members(kind, name)]
    validated = []
    for row in frame.to_dict("records"):
        values: dict[str, Any] = {
            str(name): None if value != value else value for name, value in row.items()
        }
        values |= {name: int(values[name]) for name in whole if values[name] is not None}
        validated.append(kind.model_validate(values))
    return validated


def _parse_row(kind: type[Record], columns: _Columns, row: list[str], number: int) -> Record:
    if len(row) != len(columns.names):
        raise ValueError(f"line {number} has {len(row)} fields, not {len(columns.names)}")
    values = {
        name: None if value == "" and name in columns.empty else value
        for name, value in zip(columns.names, row, strict=True)
    }
    try:
        record = kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        # A check of the record as a whole names no field.
        where = ", ".join([f"line {number}", *map(str, first["loc"])])
        raise ValueError(f"{where}: {first['msg']}") from error
    for name in columns.integers:
        if (getattr(record, name) or 0).bit_length() > 63:  # more than a frame can hold
            raise ValueError(f"line {number}, {name}: a number without sense")
    return record


def _members(kind: type[Record], name: str) -> tuple[object, ...]:
    annotation = kind.model_fields[name].annotation
    # `Literal[…] | None` is of the older kind.
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        return typing.get_args(annotation)
    return (annotation,)


def _may_be_none(kind: type[Record], name: str) -> bool:
    return types.NoneType in _members(kind, name)


def _dtype(kind: type[Record], name: str) -> str:
    """The column's type in a frame; numbers that may be empty are floats with NaN."""
    members = _members(kind, name)
    if float in members:
        return "float64"
    if int in members:
        return "float64" if types.NoneType in members else "int64"
    return "object"


def _cell(value: object) -> object:
    """Microseconds are more than any clock here resolves; a console's line ends become ours."""
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, tuple):
        return " ".join(value)
    return round(value, 6) if isinstance(value, float) else value
