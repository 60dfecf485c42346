"""How the single starts are spread: the empirical distribution function of each backend."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import FEW, IDENTITY, backends, floats, measured


def distribution(trials: pd.DataFrame) -> pd.DataFrame:
    """One row a good trial, the quickest of each backend first: backend, family, engine, trial,
    block, startup_s, share (the part of this backend's trials that were as quick or quicker), n,
    few.

    The share is that of the empirical distribution function: rank / n, equal times share the
    highest rank. Nothing is smoothed. A backend without a good trial has one row, empty but for
    its n of 0.
    """
    known = measured(trials).assign(startup_s=lambda rows: floats(rows["startup_s"]))
    known = known.dropna(subset=["startup_s"]).sort_values("startup_s", kind="stable")
    times = known.groupby("backend")["startup_s"]
    known["share"] = times.rank(method="max", pct=True)
    columns = ["backend", "trial", "block", "startup_s", "share"]
    table = backends(trials)[[*IDENTITY, "n"]].merge(known[columns], on="backend", how="left")
    table["few"] = table["n"] < FEW
    return table[[*IDENTITY, *columns[1:], "n", "few"]]
