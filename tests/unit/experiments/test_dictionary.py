"""data/README.md explains each column of each experiment's tables, in their order."""

from typing import get_args

import pytest

from labkit.experiments.density.records import TABLES as DENSITY
from labkit.experiments.images.records import TABLES as IMAGES
from labkit.experiments.isolation.records import TABLES as ISOLATION
from labkit.experiments.mistakes.records import TABLES as MISTAKES
from labkit.experiments.neighbours.records import TABLES as NEIGHBOURS
from labkit.experiments.orchestration.records import TABLES as ORCHESTRATION
from labkit.experiments.shell.records import TABLES as SHELL
from labkit.recordings.kind import Table
from tests.unit.dictionary import names, tables

SECTIONS: dict[str, Table] = {
    "answers.csv": ISOLATION["answers"],
    "mistakes/figures.csv": MISTAKES["figures"],
    "neighbours/trials.csv": NEIGHBOURS["trials"],
    "shell/answers.csv": SHELL["answers"],
    **{f"density/{name}.csv": table for name, table in DENSITY.items()},
    **{f"images/{name}.csv": table for name, table in IMAGES.items()},
    **{f"orchestration/{name}.csv": table for name, table in ORCHESTRATION.items()},
}
# Text that may be empty: a program that said nothing.
MAY_BE_SILENT = {"out", "err", "stdout", "stderr"}


@pytest.mark.parametrize("title", SECTIONS)
def test_each_column_in_its_order_and_whether_it_may_be_empty(title: str) -> None:
    fields = SECTIONS[title].record.model_fields
    columns = next(rows for rows in tables(title) if len(rows[0]) == 5)
    assert names(columns) == list(fields)
    for (name, field), (_, *told, empty) in zip(fields.items(), columns, strict=True):
        optional = type(None) in get_args(field.annotation) or name in MAY_BE_SILENT
        assert told[0] and told[-1] and (empty == "never") != optional, name
