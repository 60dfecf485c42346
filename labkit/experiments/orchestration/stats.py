"""How long each part took, over its trials; requests and losses, all together."""

from __future__ import annotations

import pandas as pd

from labkit.stats.spread import FEW, spread


def outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """A row a part: part, n, few, pods, median_s, low_s, high_s, sent and lost (sums; empty where
    no requests were sent)."""
    sums = table.groupby("part", sort=False).agg(
        pods=("pods", "max"),
        sent=("sent", lambda each: each.sum(min_count=1)),
        lost=("lost", lambda each: each.sum(min_count=1)),
    )
    rows = spread(table, ["part"], "seconds", "s").merge(sums.reset_index(), on="part")
    rows["few"] = rows["n"] < FEW
    return rows


def coming_up(moments: pd.DataFrame) -> pd.DataFrame:
    """Pods that were not there at the request: trial, part, number, and added_s, scheduled_s,
    ready_s after it."""
    wide = moments.pivot_table(
        index=["trial", "part", "number"], columns="moment", values="at_s", sort=False
    ).reset_index()
    wide = wide.reindex(columns=["trial", "part", "number", "added", "scheduled", "ready"])
    fresh = wide[wide["added"] > 0]
    return fresh.rename(columns={name: f"{name}_s" for name in ("added", "scheduled", "ready")})
