"""The experiment's result as plain text, for the command line."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit import units

EXPLAINED = """\
Ratios to the same victim alone, within each block: median, in brackets its 95 % interval.
throughput: requests a second; p95: the time that 95 % of the requests did not exceed.
neighbour did: what the neighbour itself got done meanwhile (MiB hashed, filled or written a
second), and how often it was refused memory or ended for it."""


def table_text(ratios: pd.DataFrame, work: pd.DataFrame) -> str:
    """From `stats.neighbours` and `stats.neighbours_work`: a line a cell, then what it means."""
    cells = {(r.kind, r.backend, r.condition, r.quantity): r for r in _rows(ratios)}
    did = {(r.kind, r.backend, r.condition): r for r in _rows(work)}
    names = [units.label(row.backend, row.engine) for row in _rows(ratios)]
    wide = max(map(len, ["backend", *names])) + 2
    head = f"{'neighbour':<10}{'backend':<{wide}}{'limits':<9}{'n':>3}  "
    lines = [f"{head}{'throughput':<22}{'p95':<22}neighbour did"]
    reasons: dict[str, None] = {}
    for (kind, backend, condition, quantity), row in cells.items():
        if quantity != "throughput":
            continue
        limits = "with" if condition == "limited" else "without"
        name = units.label(backend, row.engine)
        start = f"{kind:<10}{name:<{wide}}{limits:<9}{row.n:>3}  "
        if row.reason:
            reasons[f"{kind}, {backend}, {limits} limits: {row.reason}"] = None
        tail = cells.get((kind, backend, condition, "p95"))
        lines.append(
            f"{start}{_ratio(row):<22}{_ratio(tail):<22}{_did(did.get((kind, backend, condition)))}"
        )
    empty = [f"Left empty: {reason}." for reason in reasons]
    few = ratios[(ratios["n"] > 0) & ratios["few"]]
    caution = ["Fewer than 10 blocks: intervals cover less than they say."] if len(few) else []
    return "\n".join([*lines, "", EXPLAINED, *caution, *empty])


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _ratio(row: Any) -> str:
    if row is None or not units.known(row.median_ratio):
        return units.UNKNOWN
    figures = (row.median_ratio, row.low_ratio, row.high_ratio)
    interval = units.interval_text(*figures, units.ratio).replace(" – ", "–")
    return f"{units.text(row.median_ratio, units.ratio)} {interval}".strip()


def _did(row: Any) -> str:
    if row is None:
        return units.UNKNOWN
    refused = f", refused {row.refused:.0f} times" if row.refused else ""
    return f"{units.text(row.median_mib_per_s, units.plain)} MiB/s{refused}"
