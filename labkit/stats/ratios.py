"""How many times as much: values in multiples of a reference, with interval and effect size.

The one place where figures are divided by one another: in pairs of the same block within a run,
as two medians between runs.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from labkit.stats.bootstrap import interval, ratio_interval
from labkit.stats.delta import cliffs_delta, magnitude
from labkit.stats.frames import floats

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
    pair, so that what disturbed both cancels out; median and interval are over these ratios.
    Without it, one median is divided by the other, and n_ratio is the smaller number of values.
    `delta` is Cliff's delta of the values to the reference, `effect` its magnitude in a word.
    """
    rows = []
    for keys, group in values.groupby(list(by), sort=False):
        alike = reference
        for name in match:
            alike = alike[alike[name] == group[name].iloc[0]]
        own, other = floats(group[column]).dropna(), floats(alike[column]).dropna()
        if pair is None:
            n, figures = min(len(own), len(other)), ratio_interval(own, other)
        else:
            quotients = _in_pairs(group, alike, column, pair)
            n, figures = len(quotients), interval(quotients)
        delta = cliffs_delta(own, other)
        rows.append((*keys, n, *figures, delta, magnitude(delta)))
    table = pd.DataFrame(rows, columns=[*by, *COLUMNS])
    return table.astype(dict.fromkeys([*FIGURES, "delta"], float))


def _in_pairs(values: pd.DataFrame, reference: pd.DataFrame, column: str, pair: str) -> pd.Series:
    """Each value divided by the reference of its pair, where both are known."""
    # A resumed run may hold a block's baseline twice: the later one is the complete one.
    divisors = reference.drop_duplicates(pair, keep="last").set_index(pair)[column]
    divisor = values[pair].map(floats(divisors)).astype(float)
    return (floats(values[column]) / divisor.where(divisor > 0)).dropna()
