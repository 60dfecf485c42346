"""Quality issues of comparisons: what should be faster and is not, what cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from labkit import units
from labkit.experiments.benchmark.data_quality.issue import QualityIssue, series
from labkit.experiments.benchmark.data_quality.outliers import FAR, LEAST_TRIALS, scores
from labkit.experiments.benchmark.stats.cpu import PER_UNIT
from labkit.experiments.benchmark.stats.frames import measured
from labkit.stats.ratios import ratios
from labkit.stats.spread import floats

LEAST_RATIOS = 4  # of two or three, an interval says next to nothing, and less so that it holds 1
ALIKE = 0.05  # an interval within 1 ± this is an answer, and no issue: there is no difference
COMPARED = ("startup_s", "pss_bytes", "ops_per_s", PER_UNIT)
RESUMED = "-resumed"


def cold_faster(trials: pd.DataFrame) -> Iterator[QualityIssue]:
    """A machine that boots faster than it continues from its saved state, in the same blocks."""
    good = measured(trials)
    for backend in good.loc[good["start"] == "resumed", "backend"].unique():
        name = str(backend).removesuffix(RESUMED)
        cold, resumed = good[good["backend"] == name], good[good["backend"] == backend]
        table = ratios(cold, resumed, "startup_s", ["backend"], pair="block")
        if table.empty or table["n_ratio"][0] < LEAST_RATIOS or not table["high_ratio"][0] < 1:
            continue
        fast, slow = (
            units.amount(side["startup_s"].median(), "startup_s") for side in (cold, resumed)
        )
        sentence = (
            f"{name} starts faster from nothing ({fast}) than {backend} continues ({slow}): its "
            "saved state gains nothing here; is the disk that holds it slow?"
        )
        yield QualityIssue("cold faster", str(backend), "startup_s", "", (), sentence)


def warmup_faster(trials: pd.DataFrame) -> Iterator[QualityIssue]:
    """A warm-up, which finds caches cold, that was far faster than the starts after it."""
    good = measured(trials)
    warmups = trials[(trials["stage"] == "warmup") & (trials["status"] == "ok")]
    for backend, group in warmups.groupby("backend", sort=False):
        among = floats(good.loc[good["backend"] == backend, "startup_s"])
        if len(among) < LEAST_TRIALS:
            continue
        fast = group[scores(floats(group["startup_s"]), among) < -FAR]
        if fast.empty:
            continue
        first, later = (
            units.text(seconds, units.time) for seconds in (fast["startup_s"].min(), among.median())
        )
        sentence = (
            f"a warm-up of {backend} started in {first}, the measured ones in {later}: does each "
            "start leave something behind? run labkit clean, then again"
        )
        numbers = tuple(int(number) for number in fast["trial"])
        yield QualityIssue("cold faster", str(backend), "startup_s", "", numbers, sentence)


def undecided(table: pd.DataFrame, yardstick: str) -> Iterator[QualityIssue]:
    """Ratios of stats.quantities() whose interval holds 1: either side may be ahead."""
    shown = table[(table["backend"] != yardstick) & table["quantity"].isin(COMPARED)]
    shown = shown[shown["n_ratio"] >= LEAST_RATIOS]
    holds = (shown["low_ratio"] <= 1) & (shown["high_ratio"] >= 1)
    alike = (shown["low_ratio"] >= 1 - ALIKE) & (shown["high_ratio"] <= 1 + ALIKE)
    for one in series(shown[holds & ~alike]):
        row = one.rows.iloc[0]
        figures = (row["median_ratio"], row["low_ratio"], row["high_ratio"])
        ratio = units.with_interval(*figures, units.ratio).replace(" – ", "–")
        # An interval shrinks with the square root of the number of trials: this halves it.
        sentence = (
            f"cannot tell {one.backend} from {yardstick} in {one.name}: {ratio}; "
            f"try --repeats {4 * row['n']}"
        )
        yield one.issue("undecided", sentence)
