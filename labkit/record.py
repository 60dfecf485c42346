"""What all records share: that they are frozen and checked."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

MOST_FAULTS = 3


class Record(BaseModel):
    """A frozen record; unknown fields are an error, and so is what is no number (NaN)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def faults(error: ValidationError) -> str:
    """The first fields that make no sense, each with what is wrong with it, in one line."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    words = [
        ": ".join(filter(None, (".".join(map(_named, one["loc"])), one["msg"])))
        for one in found[:MOST_FAULTS]
    ]
    more = len(found) - len(words)
    return "; ".join(words) + (f"; and {more} more" if more else "")


def _named(part: int | str) -> str:
    """A file of somebody else's may have a field of any name, line ends included."""
    return str(part) if isinstance(part, int) or part.isidentifier() else ascii(part)
