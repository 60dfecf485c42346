"""How long until an instance is ready, and where the time goes."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from labkit.experiments.benchmark.stats.frames import (
    IDENTITY,
    PAIR,
    backends,
    baseline,
    identified,
    measured,
    of_good_trials,
    paired,
)
from labkit.recordings.words import MILESTONES
from labkit.stats.ratios import ratios
from labkit.stats.spread import FEW, floats, spread

PHASE_COLUMNS = ["backend", "phase", "n", "start_s", "length_s", "share_start", "share"]


def startup(trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend: backend, family, engine, n, n_failed, median_s, mad_s, low_s, high_s,
    n_ratio, median_ratio, low_ratio, high_ratio, delta, effect, few.

    Seconds from `requested` to `ready`. The ratio is to the yardstick's start in the same block;
    `delta` and `effect` are those of labkit.stats.ratios. `few` is True below 10 trials.
    """
    good = paired(trials)
    figures = spread(good, ["backend"], "startup_s", "s")
    relative = ratios(good, baseline(good, trials), "startup_s", ["backend"], pair=PAIR)
    figures = figures.merge(relative, on="backend")
    table = backends(trials).drop(columns="n").merge(figures, on="backend", how="left")
    counts = ["n", "n_ratio"]
    table[counts] = table[counts].fillna(0).astype(int)
    table["effect"] = table["effect"].fillna("")
    table["few"] = table["n"] < FEW
    first = ["backend", "family", "engine", "n", "n_failed"]
    return table[first + [name for name in table.columns if name not in first]]


def timeline(milestones: pd.DataFrame, trials: pd.DataFrame, until: str = "ready") -> pd.DataFrame:
    """One row a backend and phase: backend, family, engine, phase, n, start_s, length_s,
    share_start, share, few.

    A phase lies between consecutive milestones that the backend has, such as
    "created → started". Start and length (seconds) are medians over trials of what each trial
    took. `share` is a phase's part of the sum of these medians, `share_start` where it begins;
    the shares of a backend add up to 1.
    """
    order = [*MILESTONES[: MILESTONES.index(until) + 1]]
    moments = of_good_trials(milestones, trials)
    rows: list[tuple[object, ...]] = []
    for backend, group in moments.groupby("backend", sort=False):
        wide = group.pivot_table(
            index="trial", columns="milestone", values="at_s", aggfunc="first"
        ).reindex(columns=order)
        rows += [(backend, *phase) for phase in _phases(wide.dropna(axis="columns", how="all"))]
    return identified(pd.DataFrame(rows, columns=PHASE_COLUMNS), trials)


def _phases(moments: pd.DataFrame) -> list[tuple[object, ...]]:
    """(phase, n, start_s, length_s, share_start, share) from one column a milestone."""
    phases = []
    for first, then in pairwise(moments.columns):
        # Two observers may note two moments in the wrong order: then no time lies between them.
        length = (floats(moments[then]) - floats(moments[first])).clip(lower=0).dropna()
        start = floats(moments[first])[length.index]
        phases.append((f"{first} → {then}", len(length), start.median(), length.median()))
    lengths = pd.Series([phase[3] for phase in phases], dtype=float).fillna(0.0)
    whole = lengths.sum() or float("nan")
    starts = lengths.cumsum() - lengths
    return [
        (*phase, begin / whole, length / whole)
        for phase, begin, length in zip(phases, starts, lengths, strict=True)
    ]


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
