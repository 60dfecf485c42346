"""data/README.md explains each field of the tables of images and containers."""

from __future__ import annotations

from typing import get_args

import pytest

from labkit.images.recording import TABLES
from labkit.images.records import ImagesManifest
from tests.unit.test_data_dictionary import names, tables

# Text that may be empty: a program that said nothing.
MAY_BE_SILENT = {"out", "err"}


@pytest.mark.parametrize("table", TABLES)
def test_each_column_in_its_order(table: str) -> None:
    rows = tables(f"images/{table}.csv")[0]
    assert names(rows) == list(TABLES[table].model_fields)
    assert all(len(row) == 5 and row[1] and row[3] and row[4] for row in rows)


@pytest.mark.parametrize("table", TABLES)
def test_a_column_that_is_never_empty_cannot_be(table: str) -> None:
    for name, row in zip(TABLES[table].model_fields, tables(f"images/{table}.csv")[0], strict=True):
        optional = type(None) in get_args(TABLES[table].model_fields[name].annotation)
        assert (row[4] != "never") == (optional or name in MAY_BE_SILENT), name


def test_each_field_of_the_manifest() -> None:
    assert names(tables("images/manifest.json")[0]) == list(ImagesManifest.model_fields)
