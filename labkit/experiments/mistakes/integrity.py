"""Whether the figures are those that the plan asks for: what each row alone cannot show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labkit.experiments.mistakes.pairs import MISTAKES, side_of
from labkit.experiments.mistakes.records import Figure, MistakesManifest
from labkit.record import Record


def faults(manifest: MistakesManifest, rows: Sequence[Record]) -> Iterator[str]:
    """What is wrong."""
    for row in rows:
        if isinstance(row, Figure):
            name = f"{row.repeat}, {row.backend}, {row.mistake}, {row.way}"
            yield from (f"{name}: {why}" for why in _faults(manifest, row))


def _faults(manifest: MistakesManifest, row: Figure) -> Iterator[str]:
    plan, known = manifest.plan, manifest.backends.get(row.backend)
    if row.backend not in plan.backends or not 1 <= row.repeat <= plan.repeats:
        yield "it is not in the plan"
    if known is not None and (known.family, known.engine) != (row.family, row.engine):
        yield f"the manifest has another family or engine ({known.family}, {known.engine})"
    mistake = MISTAKES.get(row.mistake)
    if mistake is None or row.way not in mistake.ways(side_of(row.family)):
        yield "nothing of it enters a quotient"
    elif row.unit != mistake.unit:
        yield f"its unit is {row.unit}, and not {mistake.unit}"
