"""The experiment's result as plain text, for the command line."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit import notes, units
from labkit.stats.signed_ranks import FEWEST
from labkit.text_table import aligned

HEADINGS = ["neighbour", "backend", "limits", "n", "throughput", "p95", "neighbour did"]
EXPLAINED = """\
Ratios to the same victim alone, within each block (Hodges and Lehmann's estimate), in brackets the
95 % interval (Wilcoxon's signed ranks).
throughput: requests a second; p95: the time that 95 % of the requests did not exceed.
neighbour did: what the neighbour itself got done meanwhile (MiB hashed, filled or written a
second), and how often it was refused memory or ended for it."""


def table_text(ratios: pd.DataFrame, work: pd.DataFrame) -> str:
    """From `stats.neighbours` and `stats.neighbours_work`: a line a cell, then what it means."""
    cells = {(r.kind, r.backend, r.condition, r.quantity): r for r in notes.rows_of(ratios)}
    did = {(r.kind, r.backend, r.condition): r for r in notes.rows_of(work)}
    lines = [HEADINGS]
    reasons: dict[str, None] = {}
    for (kind, backend, condition, quantity), row in cells.items():
        limits = "with" if condition == "limited" else "without"
        if row.reason:
            reasons[f"{kind}, {backend}, {limits} limits: {row.reason}"] = None
        if quantity != "throughput":
            continue
        figures = [_ratio(row), _ratio(cells.get((kind, backend, condition, "p95")))]
        work_done = _did(did.get((kind, backend, condition)))
        name = units.label(backend, row.engine)
        lines.append([kind, name, limits, str(row.n), *figures, work_done])
    empty = [f"Left empty: {reason}." for reason in reasons]
    few = ratios[(ratios["n"] > 0) & ratios["few"]]
    doubt = f"Fewer than {FEWEST} blocks: intervals cover less than they say."
    caution = [doubt] if len(few) else []
    return "\n".join([*aligned(lines, right=[3]), "", EXPLAINED, *caution, *empty])


def _ratio(row: Any) -> str:
    if row is None or not units.known(row.median_ratio):
        return units.UNKNOWN
    return units.with_interval(*notes.figures(row, "ratio"), units.ratio).replace(" – ", "–")


def _did(row: Any) -> str:
    if row is None:
        return units.UNKNOWN
    refused = f", refused {row.refused:.0f} times" if row.refused else ""
    return f"{units.text(row.median_mib_per_s, units.plain)} MiB/s{refused}"
