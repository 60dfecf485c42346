"""Rows of tables, for tests."""

from __future__ import annotations

from typing import Any

import pandas as pd


def pick(table: pd.DataFrame, **where: str) -> Any:
    """The one row of a table that fits."""
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]
