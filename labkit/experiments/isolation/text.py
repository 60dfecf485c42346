"""The table of the command: an aspect a line, a backend a column."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from labkit.experiments.isolation import stats
from labkit.experiments.isolation.records import IsolationRecording
from labkit.text_table import WIDTH, aligned


def table_text(recording: IsolationRecording) -> str:
    """The table, and below it what could not be asked."""
    table = stats.matrix(recording.answers)
    columns = [["", *table["aspect"].unique()]]
    columns += [
        [f"{backend} ({engine})", *(_cell(row) for row in group.to_dict("records"))]
        for (backend, engine), group in table.groupby(["backend", "engine"], sort=False)
    ]
    lines = aligned(zip(*columns, strict=True), width=WIDTH)
    left_out = [f"left out: {name}: {reason}" for name, reason in recording.left_out.items()]
    return "\n".join([*lines, *([""] if left_out else []), *left_out])


def _cell(row: Mapping[Hashable, Any]) -> str:
    if row["word"] == "allowed":
        return f"allowed >{row['touches']}"
    return f"{row['word']} ({row['detail']})" if row["detail"] else str(row["word"])
