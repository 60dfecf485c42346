"""Whether the answers belong together: what each row alone cannot show."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import get_args

from labkit.experiments.isolation.records import ATTEMPTS, FACTS, Answer, Outcome
from labkit.recordings.kind import Rows

ASKED = [("fact", name) for name in FACTS] + [("attempt", name) for name in ATTEMPTS]


def faults(rows: Rows) -> Iterator[tuple[str, str]]:
    """Each backend has each answer once, in the order of the probe; an attempt has an outcome."""
    answers = [row for row in rows["answers"] if isinstance(row, Answer)]
    for backend, group in groupby(answers, key=lambda row: row.backend):
        of_backend = list(group)
        answered = [(row.kind, row.name) for row in of_backend]
        if answered != ASKED:
            wrong = next(iter(sorted(set(answered) ^ set(ASKED))), "their order")
            yield "answers", f"{backend}: answers are missing or too many: {wrong}"
        for row in of_backend:
            if row.kind == "attempt" and row.value not in get_args(Outcome):
                yield "answers", f"{backend}, {row.name}: {row.value!r} is no outcome"
