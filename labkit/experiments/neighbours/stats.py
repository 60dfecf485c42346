"""What a neighbour does to its victim: ratios to being alone, in pairs of the same victim."""

from __future__ import annotations

import pandas as pd

from labkit.recordings.words import FAMILIES
from labkit.stats.ratios import ratios
from labkit.stats.signed_ranks import FEWEST
from labkit.stats.spread import FEW, floats, spread

# Quantity → the column that it is made of. Throughput falls and latencies grow when disturbed.
QUANTITIES = {
    "throughput": "requests_per_s",
    "p50": "p50_s",
    "p95": "p95_s",
    "slowest": "slowest_s",
}
WITH_NEIGHBOUR = ("unlimited", "limited")
KEYS = ["kind", "backend", "condition"]


def neighbours(trials: pd.DataFrame) -> pd.DataFrame:
    """One row a quantity, kind, backend and condition with a neighbour: quantity, kind, backend,
    family, engine, condition, n, few, median_ratio, low_ratio, high_ratio, reason.

    Each trial is divided by that of the same victim alone, in the same block; estimate and
    interval are over these ratios (labkit.stats.ratios). Without any, the figures are empty and
    `reason` says why.
    """
    rows = [_ratios(trials, name, column) for name, column in QUANTITIES.items()]
    table = pd.concat(rows, ignore_index=True)
    return _ordered(table).reset_index(drop=True)


def neighbours_work(trials: pd.DataFrame) -> pd.DataFrame:
    """What the neighbours themselves did: kind, backend, family, engine, condition, n, few,
    median_mib_per_s with its interval, refused (requests in all, that got nothing)."""
    disturbed = _good(trials)
    disturbed = disturbed[disturbed["condition"].isin(WITH_NEIGHBOUR)]
    seconds = floats(disturbed["neighbour_seconds"])
    rate = floats(disturbed["neighbour_mib"]) / seconds.where(seconds > 0)
    keys = [*KEYS, "family", "engine"]
    rates = spread(disturbed.assign(rate=rate), keys, "rate", "mib_per_s")
    refused = disturbed.groupby(keys)["neighbour_refused"].sum().rename("refused").reset_index()
    table = rates.merge(refused, on=keys)
    table["few"] = table["n"] < FEW
    return _ordered(table).reset_index(drop=True)


def _ratios(trials: pd.DataFrame, quantity: str, column: str) -> pd.DataFrame:
    good = _good(trials)
    alone, disturbed = (
        good[good["condition"] == "alone"],
        good[good["condition"].isin(WITH_NEIGHBOUR)],
    )
    keys = [*KEYS, "family", "engine"]
    wanted = trials[trials["condition"].isin(WITH_NEIGHBOUR)][keys].drop_duplicates()
    relative = ratios(disturbed, alone, column, keys, match=["backend", "kind"], pair="block")
    relative = relative.rename(columns={"n_ratio": "n"}).drop(columns=["delta", "effect"])
    table = wanted.merge(relative, on=keys, how="left").assign(quantity=quantity)
    table["n"] = table["n"].fillna(0).astype(int)
    table["few"] = table["n"] < FEWEST
    table["reason"] = [
        _reason(trials, row, n) for row, n in zip(_cells(table), table["n"], strict=True)
    ]
    return table


def _cells(table: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(table[KEYS].itertuples(index=False, name=None))


def _reason(trials: pd.DataFrame, cell: tuple[str, ...], n: int) -> str:
    """Why a cell is empty; nothing where it is not."""
    if n:
        return ""
    rows = trials[(trials[KEYS] == list(cell)).all(axis=1)]
    errors = rows["error"].dropna()
    return str(errors.iloc[0]).splitlines()[0] if len(errors) else "too few requests for it"


def _good(trials: pd.DataFrame) -> pd.DataFrame:
    return trials[trials["status"] == "ok"]


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """By quantity, kind, family and backend as they appear, and condition."""
    ranks: dict[str, list[str]] = {
        "quantity": list(QUANTITIES),
        "kind": ["cpu", "memory", "disk"],
        "family": list(FAMILIES),
        "condition": list(WITH_NEIGHBOUR),
    }
    by = [name for name in ("quantity", "kind", "family", "backend", "condition") if name in table]

    def rank(column: pd.Series) -> pd.Series:
        order = ranks.get(str(column.name))
        return column if order is None else column.map(order.index)

    table = table.sort_values(by, key=rank, kind="stable")
    named = ("quantity", "kind", "backend", "family", "engine", "condition")
    first = [name for name in named if name in table]
    return table[[*first, *(name for name in table if name not in first)]]
