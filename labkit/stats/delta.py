"""How far apart two groups of values are, without a word on their distribution: Cliff's delta.

There are no p-values in these statistics. With as many trials as one likes, any difference gets
"significant"; what a reader asks is how large it is and how well that is known, which is what a
ratio with its interval and this delta say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from labkit.stats.bootstrap import sorted_known

# Below these, a delta is negligible, small, medium; from the last one on it is large: Romano,
# Kromrey, Coraggio, Skowronek 2006, "Appropriate statistics for ordinal level data".
MAGNITUDES = ((0.147, "negligible"), (0.33, "small"), (0.474, "medium"))


def cliffs_delta(values: Iterable[Any], reference: Iterable[Any]) -> float:
    """The share of pairs in which the value is the higher one, less the share in which it is the
    lower one (Cliff 1993, "Dominance Statistics", Psychological Bulletin 114).

    +1: each value is higher than each one of the reference; -1: each is lower; 0: neither side is
    ahead. What is None or NaN is left out; NaN where nothing is left of one side.
    """
    first, second = np.array(sorted_known(values)), np.array(sorted_known(reference))
    if not (first.size and second.size):
        return float("nan")
    higher = np.searchsorted(second, first, "left").sum()
    lower = (len(second) - np.searchsorted(second, first, "right")).sum()
    return float(higher - lower) / (len(first) * len(second))


def magnitude(delta: float) -> str:
    """The size of a delta in a word; empty where it is not known."""
    if np.isnan(delta):
        return ""
    return next((word for limit, word in MAGNITUDES if abs(delta) < limit), "large")
