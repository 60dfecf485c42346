"""Records ↔ CSV text ↔ frames: one row a record, each checked against its record class."""

from __future__ import annotations

import csv
import io
import types
import typing
from collections.abc import Sequence

import pandas as pd
from pydantic import ValidationError

from labkit.records import Record


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
    """A whole table → records. ValueError or csv.Error names the line that makes no sense.

    With torn_end, a last row that was not written to its end is passed over.
    """
    whole = content if content.endswith(b"\n") else content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content) and not (torn_end and whole):
        raise ValueError(f"its last line (line {content.count(10) + 1}) is torn")
    rows = _rows(whole.decode(), torn_end)
    if not rows or rows[0] != list(kind.model_fields):
        raise ValueError(f"its first line is not: {head(kind).strip()}")
    return [_parse_row(kind, row, number) for number, row in enumerate(rows[1:], 2)]


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
    columns = {
        name: pd.Series([getattr(record, name) for record in records], dtype=_dtype(kind, name))
        for name in kind.model_fields
    }
    return pd.DataFrame(columns)


def _parse_row(kind: type[Record], row: list[str], number: int) -> Record:
    if len(row) != len(kind.model_fields):
        raise ValueError(f"line {number} has {len(row)} fields, not {len(kind.model_fields)}")
    fields = dict(zip(kind.model_fields, row, strict=True))
    values = {
        name: None if value == "" and _may_be_none(kind, name) else value
        for name, value in fields.items()
    }
    try:
        record = kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        # A check of the record as a whole names no field.
        where = ", ".join([f"line {number}", *map(str, first["loc"])])
        raise ValueError(f"{where}: {first['msg']}") from error
    for name, value in record:
        if isinstance(value, int) and value.bit_length() > 63:  # more than a frame can hold
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
        return "\n".join(value.splitlines()) if "\r" in value else value
    if isinstance(value, tuple):
        return " ".join(value)
    return round(value, 6) if isinstance(value, float) else value
