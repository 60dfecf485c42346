"""How many times as much: values in multiples of a reference, with interval and effect size.

The one place where figures are divided by one another: in pairs of the same block within a run,
as two medians between runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from labkit.stats.bootstrap import ratio_interval
from labkit.stats.delta import cliffs_delta, magnitude
from labkit.stats.signed_ranks import paired_ratio_interval
from labkit.stats.spread import floats, places

FIGURES = ["median_ratio", "low_ratio", "high_ratio"]
COLUMNS = ["n_ratio", *FIGURES, "delta", "effect"]


def ratios(
    values: pd.DataFrame,
    reference: pd.DataFrame,
    column: str,
    by: Sequence[str],
    *,
    match: Sequence[str] = (),
    pair: str | None = None,
) -> pd.DataFrame:
    """One row for each combination of `by`: by, n_ratio, median_ratio, low_ratio, high_ratio,
    delta, effect.

    `column` of the values is compared with that of the reference's rows that are alike in
    `match`. With `pair` (such as "block"), each value is divided by the reference of the same
    pair, so that what disturbed both cancels out. `median_ratio` is then the median of the
    geometric means of each two of these ratios (Hodges and Lehmann's estimate), which the interval
    of Wilcoxon's signed ranks belongs to (signed_ranks.py).
    Without it, one median is divided by the other, and n_ratio is the smaller number of values.
    `delta` is Cliff's delta of the values to the reference, `effect` its magnitude in a word.
    """
    numbers, divisors = floats(values[column]).to_numpy(), floats(reference[column]).to_numpy()
    alike = places(reference, match)
    rows = []
    for keys, mine in places(values, by).items():
        first = tuple(values[name].iat[mine[0]] for name in match)
        theirs = alike.get(first, np.array([], dtype=int))
        if pair is not None:  # what has no pair is not to be compared at all
            mine = mine[values[pair].notna().to_numpy()[mine]]
            theirs = theirs[reference[pair].notna().to_numpy()[theirs]]
        own, other = _known(numbers[mine]), _known(divisors[theirs])
        if pair is None:
            n, figures = min(len(own), len(other)), ratio_interval(own, other)
        else:
            # A resumed run may hold a block's baseline twice: the later one is the complete one.
            divisor = dict(zip(reference[pair].to_numpy()[theirs], divisors[theirs], strict=True))
            baselines = [divisor.get(block, np.nan) for block in values[pair].to_numpy()[mine]]
            quotients = _known(_divided(numbers[mine], np.array(baselines, dtype=float)))
            n, figures = len(quotients), paired_ratio_interval(quotients)
        delta = cliffs_delta(own, other)
        rows.append((*keys, n, *figures, delta, magnitude(delta)))
    table = pd.DataFrame(rows, columns=[*by, *COLUMNS])
    return table.astype(dict.fromkeys([*FIGURES, "delta"], float))


def _divided(values: np.ndarray, divisors: np.ndarray) -> np.ndarray:
    """The quotients; NaN where a divisor is not above zero."""
    quotients: np.ndarray = values / np.where(divisors > 0, divisors, np.nan)
    return quotients


def _known(values: np.ndarray) -> np.ndarray:
    known: np.ndarray = values[~np.isnan(values)]
    return known
