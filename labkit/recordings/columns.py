"""CSV text → frame, checked column by column: for tables of many rows.

What is taken here is what the row by row reading in `tables` takes, with the same values. Whatever
is not plain (quotation marks, a check that a record class has of its own, anything doubtful) is
left to that reading, which names the line that makes no sense.
"""

from __future__ import annotations

import io
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.record import Record

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

# From so many rows on it is quicker than row by row.
MANY = 1000
# Whole numbers up to here are exact in a column of floats, which one with empty cells is.
EXACT = 2**53
# With six decimals, such a number has no more digits than a float holds exactly.
PLAIN = 9e9
# What is left of a table without it: where fields and lines end.
TEXT = bytes(set(range(256)) - set(b",\n"))


class Column(NamedTuple):
    """What a field may hold: int, float or str, one of some words, nothing."""

    kind: type
    words: frozenset[str] | None
    may_be_none: bool

    @property
    def dtype(self) -> str:
        """In a frame; numbers that may be empty are floats with NaN."""
        if self.kind is str:
            return "object"
        return "int64" if self.kind is int and not self.may_be_none else "float64"


def columns(kind: type[Record]) -> Mapping[str, Column] | None:
    """The columns of a plain record; None for one with checks of its own or other types."""
    checks = kind.__pydantic_decorators__
    by_name = {name: _column(field) for name, field in kind.model_fields.items()}
    if checks.field_validators or checks.model_validators or None in by_name.values():
        return None
    return {name: column for name, column in by_name.items() if column is not None}


def _column(field: Any) -> Column | None:
    members = {field.annotation}
    if typing.get_origin(field.annotation) in (types.UnionType, typing.Union):
        members = set(typing.get_args(field.annotation))
    may_be_none = types.NoneType in members
    members -= {types.NoneType}
    if field.metadata or len(members) != 1:
        return None
    (member,) = members
    if typing.get_origin(member) is typing.Literal:
        words = typing.get_args(member)
        plain = all(isinstance(word, str) and word for word in words)
        return Column(str, frozenset(words), may_be_none) if plain else None
    return Column(member, None, may_be_none) if member in (int, float, str) else None


def read(content: bytes, kind: type[Record]) -> pd.DataFrame | None:
    """A whole table; None where it is short, or not plain."""
    rows, wanted = content.count(b"\n") - 1, columns(kind)
    if rows < MANY or wanted is None or any(odd in content for odd in (b'"', b"\r", b"\0")):
        return None
    head, _, _ = content.partition(b"\n")
    names = head.decode(errors="replace").split(",")
    fields = kind.model_fields
    if names != [name for name in fields if name in names or fields[name].is_required()]:
        return None
    # The parser fills up a line that is too short, and cuts one that is too long.
    line = b"," * (len(names) - 1) + b"\n"
    if not content.endswith(b"\n") or content.translate(None, TEXT) != line * (rows + 1):
        return None
    parsed = _parsed(content, {name: wanted[name] for name in names}, rows)
    return None if parsed is None else _framed(parsed, kind, wanted, rows)


def _framed(
    parsed: Mapping[str, Any], kind: type[Record], wanted: Mapping[str, Column], rows: int
) -> pd.DataFrame:
    """In the order of the fields; a column that an older lab did not write holds its default."""
    import pandas as pd

    series = {
        name: pd.Series(
            parsed[name] if name in parsed else [kind.model_fields[name].default] * rows,
            dtype=column.dtype,
            copy=False,
        )
        for name, column in wanted.items()
    }
    return pd.DataFrame(series, copy=False)


def _parsed(content: bytes, wanted: Mapping[str, Column], rows: int) -> dict[str, Any] | None:
    import pandas as pd

    types_of: dict[str, Any] = {
        name: "category" if column.kind is str else column.dtype for name, column in wanted.items()
    }
    empty = {
        name: [""] if column.kind is not str and column.may_be_none else []
        for name, column in wanted.items()
    }
    try:
        raw = pd.read_csv(
            io.BytesIO(content),
            dtype=types_of,
            na_values=empty,
            keep_default_na=False,
            skip_blank_lines=False,
            index_col=False,
        )
    except (ValueError, OverflowError):  # the parser's own errors, too
        return None
    if len(raw) != rows:
        return None
    checked = {name: _checked(raw.pop(name), column) for name, column in wanted.items()}
    return None if any(values is None for values in checked.values()) else checked


def _checked(values: pd.Series, column: Column) -> np.ndarray | None:
    import numpy as np

    if column.kind is str:
        return _words(values, column)
    numbers = values.to_numpy()
    if numbers.dtype == np.int64:
        return numbers
    known = numbers[~np.isnan(numbers)]
    if len(known) < len(numbers) and not column.may_be_none:
        return None
    whole = known == np.floor(known)
    limits = np.where(whole, EXACT, PLAIN)
    if not (np.abs(known) < limits).all() or (column.kind is int and not whole.all()):
        return None
    return numbers


def _words(values: pd.Series, column: Column) -> np.ndarray | None:
    """Each word once in memory, however many rows have it."""
    import numpy as np

    words = [str(word) for word in values.cat.categories]
    if column.words is not None:
        allowed = column.words | ({""} if column.may_be_none else set())
        if not allowed.issuperset(words):
            return None
    known = [None if column.may_be_none and word == "" else word for word in words]
    codes = values.cat.codes.to_numpy()
    if (codes < 0).any():
        return None
    return np.array([*known, None], dtype=object)[codes]
