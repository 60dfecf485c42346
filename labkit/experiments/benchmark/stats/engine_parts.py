"""What each component adds: paired differences between backends of the same block.

A block's trials are made right after each other, so that what disturbs the computer disturbs all
of them: the difference within a block has less noise than a difference of two medians (Bland and
Altman 1986, Lancet 327, on paired measurements).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from labkit.experiments.benchmark.stats.cpu import startup_cpu_by_trial
from labkit.experiments.benchmark.stats.frames import of_good_trials
from labkit.experiments.benchmark.stats.memory import memory_by_trial
from labkit.stats.bootstrap import interval
from labkit.stats.spread import FEW, floats

# The container engine from the inside out: each calls the one before it. crun is another runc.
CHAIN = ("host", "chroot", "unshare", "runc", "containerd", "docker", "docker-cli")
QUANTITIES = ("startup_s", "host_cpu_s", "pss_bytes")
FIGURES = ["median", "low", "high"]
COLUMNS = ["quantity", "backend", "engine", "less", "n", *FIGURES, "start", "end", "few"]
RESAMPLES = 5000
SEED = 20150814
Middle = Callable[..., Any]
SUM_COLUMNS = ["quantity", "n", "steps", "whole", "gap", "low", "high", "mean_gap"]


def engine_parts(trials: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """One row a quantity and backend of the chain that this run has: quantity, backend, engine,
    less, n, median, low, high, start, end, few. Each quantity ends with a row of backend `total`.

    The first row is the first backend itself; each further one is what a backend adds to the one
    before it (`less`): the median over blocks of the difference within the block, and its 95 %
    interval (BCa). `start` is where its bar begins, the sum of the medians before it, and `end`
    where it ends. The total is the last backend itself, measured, not added up: medians of
    differences need not add up to it, and the gap to the last step's end says how well they do.

    startup_s: requested → ready. host_cpu_s: what instance, helper and services spend on the
    host until then. pss_bytes: memory of instance and helper. A trial that failed leaves its
    block out of the pairs that it belongs to.
    """
    wide = by_block(trials, samples)
    engines = trials.drop_duplicates("backend").set_index("backend")["engine"]
    names = [name for name in CHAIN if name in set(trials["backend"])]
    rows = [row for quantity in QUANTITIES for row in _steps(wide, quantity, names, engines)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype(dict.fromkeys([*FIGURES, "start", "end"], float))


def paired(
    trials: pd.DataFrame, samples: pd.DataFrame, pairs: Iterable[tuple[str, str]]
) -> pd.DataFrame:
    """What each pair (backend, less) of a run differs by: the columns of `engine_parts` but for the
    bars, one row a quantity and pair. Positive: the first one takes more."""
    wide = by_block(trials, samples)
    engines = trials.drop_duplicates("backend").set_index("backend")["engine"]
    rows = [
        _row(quantity, name, less, engines, _differences(wide, quantity, name, less))
        for quantity in QUANTITIES
        for name, less in pairs
    ]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in ("start", "end")])
    return table.astype(dict.fromkeys(FIGURES, float))


def by_block(trials: pd.DataFrame, samples: pd.DataFrame) -> pd.DataFrame:
    """One row a block and quantity, one column a backend; several trials of a backend in a block
    count as their median."""
    good = of_good_trials(trials, trials)
    startup = good[["backend", "trial", "block"]].assign(startup_s=floats(good["startup_s"]))
    cpu = startup_cpu_by_trial(samples, trials)
    cpu = cpu[cpu["role"] == "all"][["backend", "trial", "host_cpu_s"]]
    memory = memory_by_trial(samples, trials)
    memory = memory[(memory["metric"] == "pss") & (memory["role"] == "each")]
    memory = memory.rename(columns={"value_bytes": "pss_bytes"})[["backend", "trial", "pss_bytes"]]
    whole = startup.merge(cpu, "left", ["backend", "trial"])
    whole = whole.merge(memory, "left", ["backend", "trial"])
    long = whole.melt(["backend", "trial", "block"], [*QUANTITIES], "quantity", "value")
    return long.pivot_table(
        index=["quantity", "block"], columns="backend", values="value", aggfunc="median"
    )


def _steps(
    wide: pd.DataFrame, quantity: str, names: list[str], engines: pd.Series
) -> list[dict[str, object]]:
    if not names:
        return []
    first, last = names[0], names[-1]
    rows = [_row(quantity, first, "", engines, _values(wide, quantity, first))]
    rows += [
        _row(quantity, name, less, engines, _differences(wide, quantity, name, less))
        for less, name in pairwise(names)
    ]
    medians = pd.Series([row["median"] for row in rows], dtype=float)
    # Beyond a step that is not known, no bar has a place.
    ends = medians.cumsum(skipna=False)
    for row, start, end in zip(rows, ends.shift(fill_value=0.0), ends, strict=True):
        row |= {"start": start, "end": end}
    total = _row(quantity, last, "", engines, _values(wide, quantity, last))
    total |= {"backend": "total", "less": last, "start": 0.0, "end": total["median"]}
    return [*rows, total]


def _values(wide: pd.DataFrame, quantity: str, name: str) -> pd.Series:
    if quantity not in wide.index.get_level_values("quantity") or name not in wide:
        return pd.Series(dtype=float)
    return wide.loc[quantity][name].dropna()


def _differences(wide: pd.DataFrame, quantity: str, name: str, less: str) -> pd.Series:
    return _values(wide, quantity, name).sub(_values(wide, quantity, less)).dropna()


def _row(
    quantity: str, name: str, less: str, engines: pd.Series, values: pd.Series
) -> dict[str, object]:
    figures = dict(zip(FIGURES, interval(values), strict=True))
    return {
        "quantity": quantity,
        "backend": name,
        "engine": engines.get(name, ""),
        "less": less,
        "n": len(values),
        **figures,
        "few": len(values) < FEW,
    }


def adding_up(
    trials: pd.DataFrame, samples: pd.DataFrame, chain: Iterable[str] = CHAIN
) -> pd.DataFrame:
    """One row a quantity: quantity, n, steps, whole, gap, low, high, mean_gap; of the blocks in
    which every backend of the chain has a value.

    steps is the sum of the medians of `engine_parts`, whole the median of the last backend itself,
    gap the difference with its 95 % interval: the percentiles of resampled blocks (Efron and
    Tibshirani 1993, An Introduction to the Bootstrap, chapter 13). An interval that holds 0: the
    steps add up to the whole as far as these blocks can tell. mean_gap is the same of means, which
    must add up: what is left of it is the rounding of numbers.
    """
    wide = by_block(trials, samples)
    rows = []
    for quantity in QUANTITIES:
        names = [name for name in chain if name in wide]
        known = wide[wide.index.get_level_values("quantity") == quantity]
        values = known.reindex(columns=names).dropna().to_numpy()
        if names and len(values):
            rows.append((quantity, *_figures(values)))
    return pd.DataFrame(rows, columns=SUM_COLUMNS)


def _figures(values: np.ndarray) -> tuple[float, ...]:
    """values: a row a block, a column a backend, from the innermost outwards."""
    picks = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    gaps = _whole(values[picks]) - _added_up(values[picks])
    low, high = np.percentile(gaps, [2.5, 97.5]) if len(values) > 1 else (np.nan, np.nan)
    steps, whole = float(_added_up(values)), float(_whole(values))
    mean_gap = _whole(values, np.mean) - _added_up(values, np.mean)
    return len(values), steps, whole, whole - steps, float(low), float(high), float(mean_gap)


def _added_up(values: np.ndarray, middle: Middle = np.median) -> Any:
    """The middles of the first column and of all differences between neighbours, added up."""
    return middle(np.diff(values, axis=-1, prepend=0.0), axis=-2).sum(axis=-1)


def _whole(values: np.ndarray, middle: Middle = np.median) -> Any:
    return middle(values[..., -1], axis=-1)
