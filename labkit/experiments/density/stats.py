"""How startup and memory change with the number of instances, one by one and together."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.density.records import WAYS
from labkit.recordings.words import FAMILIES
from labkit.stats.ratios import ratios
from labkit.stats.signed_ranks import FEWEST
from labkit.stats.spread import FEW, floats, spread

FACTS = ["backend", "family", "engine"]
KEYS = [*FACTS, "level", "way"]
CPU_LEAST_S = 0.1  # the kernel counts it in steps of 0.01 s: of less it tells too little
GAIN = 1.10  # so many times the starts a second are a gain, for twice as many instances


def groups(recorded: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, level and way: n, few, and the median with its 95 % interval of
    …_s (first request → last instance ready), …_per_s (starts per second), …_cpu_s (of the whole
    computer, for each instance; where the median of all together is CPU_LEAST_S or more), …_bytes
    (PSS for each instance, with what services grew by) and
    …_marginal_bytes (a further instance: the slope from the next lower level of the same block and
    way; with one instance, its memory)."""
    good = _good(recorded)
    good = good.sort_values("level", kind="stable")
    rising = good.groupby(["backend", "way", "block"])
    slope = rising["memory_bytes"].diff() / rising["level"].diff()
    first = good["level"] == 1
    each = good["memory_bytes"] / good["level"]
    long = good.groupby(["backend", "level", "way"])["cpu_s"].transform("median") >= CPU_LEAST_S
    figures = {
        "s": good["all_ready_s"],
        "per_s": good["level"] / good["all_ready_s"],
        "cpu_s": good["cpu_s"].where(long) / good["level"],
        "bytes": each,
        "marginal_bytes": slope.mask(first, each),
    }
    table = good[KEYS].drop_duplicates()
    for name, values in figures.items():
        of = spread(good.assign(value=values), KEYS, "value", name).drop(columns=f"mad_{name}")
        table = table.merge(of if name == "s" else of.drop(columns="n"), on=KEYS)
    return _ordered(table.assign(few=table["n"] < FEW))


def startups(starts: pd.DataFrame, recorded: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, level, way and instance: n, few, and median_s, mad_s, low_s, high_s of
    its startup, from its own request until it was ready; of groups of which all were ready."""
    key = ["block", "backend", "level", "way"]
    good = starts.merge(_good(recorded)[[*key, "family", "engine"]], on=key)
    table = spread(good, [*KEYS, "instance"], "startup_s", "s")
    return _ordered(table.assign(few=table["n"] < FEW))


def speed_up(recorded: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and level: n, few, median_ratio, low_ratio, high_ratio: how many times as
    long it takes one by one as together until all are ready, paired by block
    (labkit.stats.ratios). With one instance both are the same: the ratio shows how far off the
    others may be by chance."""
    good = _good(recorded)
    one_by_one, together = (good[good["way"] == way] for way in WAYS)
    by, match = [*FACTS, "level"], ["backend", "level"]
    found = ratios(one_by_one, together, "all_ready_s", by, match=match, pair="block")
    table = found.rename(columns={"n_ratio": "n"}).drop(columns=["delta", "effect"])
    return _ordered(table.assign(few=table["n"] < FEWEST))


def knees(table: pd.DataFrame) -> pd.DataFrame:
    """From `groups`: one row a backend, with `knee`: the smallest level from which on, as far as
    it was measured, starting twice as many together has never given 10 % more starts per second
    (medians). Only steps from a level to twice that level count, and none before a step that is
    not known. Empty where the last such step still gave as much, or where there is none: then the
    knee is not reached."""
    found = [
        (*facts, _knee(dict(zip(mine["level"], mine["median_per_s"], strict=True))))
        for facts, mine in table[table["way"] == "together"].groupby(FACTS, sort=False)
    ]
    return pd.DataFrame(found, columns=[*FACTS, "knee"]).astype({"knee": "Int64"})


def _knee(rates: dict[int, float]) -> int | None:
    knee = None
    for level in sorted(rates, reverse=True):
        if 2 * level not in rates:
            if knee is not None:
                break
            continue
        if rates[2 * level] >= GAIN * rates[level]:
            break
        knee = level
    return knee


def _good(recorded: pd.DataFrame) -> pd.DataFrame:
    good = recorded[recorded["status"] == "ok"]
    numbers = ("all_ready_s", "memory_bytes", "cpu_s")
    return good.assign(**{name: floats(good[name]) for name in numbers})


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """By family, backend, level, way and instance, as far as there are such columns."""
    by = [name for name in ("family", "backend", "level", "way", "instance") if name in table]

    def rank(column: pd.Series) -> pd.Series:
        return column.map(FAMILIES.index) if column.name == "family" else column

    return table.sort_values(by, key=rank, kind="stable", ignore_index=True)
