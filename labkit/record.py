"""What all records share: that they are frozen and checked."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen record; unknown fields are an error, and so is what is no number (NaN)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
