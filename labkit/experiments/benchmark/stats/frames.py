"""What each statistic starts from: the tables of a run, its backends, the trials that count."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit.backends.own.names import bits, own_limits, rank, swept
from labkit.errors import UsageError
from labkit.recordings.words import FAMILIES
from labkit.stats.spread import FEW, floats

PAIR = "pair"
HELD = ("held_memory_bytes", "held_cpus")
ALIKE = 0.01  # of a limit: what is rounded to whole pages is no other limit
IDENTITY = ["backend", "family", "engine"]


def backends(trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend: backend, family, engine, n, n_failed, n_disturbed. A warm-up counts
    where it failed or was disturbed.

    The yardstick, then by family, then by first appearance. Raises UsageError when a backend has
    more than one engine: an emulated machine must not share a figure with a hardware-virtualized
    one.
    """
    rows = []
    for backend, group in trials.groupby("backend", sort=False):
        engines = list(group["engine"].unique())
        if len(engines) > 1:
            raise UsageError(
                f"the backend {backend} has several engines in these trials: {', '.join(engines)}",
                resolution="compare one run at a time, or give the backends different names",
            )
        lost = (int((group["status"] == status).sum()) for status in ("failed", "disturbed"))
        rows.append((backend, group["family"].iloc[0], engines[0], len(measured(group)), *lost))
    first = yardstick(trials)
    bases = list(dict.fromkeys(swept(str(row[0]))[0] for row in rows))

    def place(row: tuple[Any, ...]) -> tuple[Any, ...]:
        """By first appearance; the points of a sweep together, in their order."""
        base, values = swept(str(row[0]))
        return (
            row[0] != first,
            FAMILIES.index(row[1]),
            bases.index(base),
            *map(rank, values.values()),
        )

    rows.sort(key=place)
    return pd.DataFrame(rows, columns=[*IDENTITY, "n", "n_failed", "n_disturbed"])


def failures(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that failed: trial, block, backend, engine, error."""
    failed = trials[trials["status"] == "failed"]
    return failed[["trial", "block", "backend", "engine", "error"]].reset_index(drop=True)


def of_good_trials(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that belong to the trials that enter figures."""
    good = measured(trials)[["trial", "backend"]]
    if not good["trial"].is_unique:
        return table.merge(good, on=["trial", "backend"])
    # The same as the merge, without a second copy of a large table.
    backend = table["trial"].map(good.set_index("trial")["backend"])
    return table[backend == table["backend"]].reset_index(drop=True)


def in_blocks(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """Like of_good_trials, with `block`, `pair` and `family` of each row's trial."""
    places = paired(trials)[["trial", "backend", "block", PAIR, "family"]]
    return table.merge(places, on=["trial", "backend"])


def paired(trials: pd.DataFrame) -> pd.DataFrame:
    """The measured trials, with `pair`: the block in which each is compared with the yardstick.
    Empty where the two did not run the same bits, or were not held to the same limits, so that they
    are not compared."""
    good = measured(trials)
    with_it = yardstick(good)
    bare = good[good["backend"] == with_it].drop_duplicates("block", keep="last").set_index("block")
    # Asked for, since what a machine was made with is not read back.
    alike = [
        name
        for name in good["backend"].unique()
        if bits(name) == bits(with_it) and own_limits(name) == own_limits(with_it)
    ]
    unlike = ~good["backend"].isin(alike)
    for column in HELD:
        other = good["block"].map(floats(bare[column]))
        unlike |= (floats(good[column]) / other - 1).abs() > ALIKE
    return good.assign(**{PAIR: floats(good["block"]).mask(unlike)})


def yardstick(trials: pd.DataFrame) -> str:
    """The backend that the others are compared with: the bare process, or where it has no good
    trial, the first by family and name. Empty where no trial is good."""
    good = measured(trials)
    kinds = set(zip(good["family"].tolist(), good["backend"].tolist(), strict=True))
    return min(kinds, key=_first, default=("", ""))[1]


def _first(kind: tuple[Any, Any]) -> tuple[Any, ...]:
    """By family and name, of a sweep's points the first: raw is before qcow2."""
    base, values = swept(str(kind[1]))
    return FAMILIES.index(kind[0]), base, *map(rank, values.values())


def baseline(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The rows of the yardstick."""
    return table[table["backend"] == yardstick(trials)]


def measured(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials that enter figures: no warm-ups, none that failed or was disturbed."""
    return trials[(trials["stage"] == "measured") & (trials["status"] == "ok")]


def identified(table: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """A table by backend, led by backend, family and engine, in the order of `backends`; at the
    end `few`, where n says of how many."""
    merged = backends(trials)[IDENTITY].merge(table, on="backend")
    return merged.assign(few=merged["n"] < FEW) if "n" in merged else merged
