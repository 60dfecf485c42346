"""All doubts of a run."""

from __future__ import annotations

from labkit.stats.doubts.conditions import busy, clock, stolen
from labkit.stats.doubts.contrasts import cold_faster, undecided, warmup_faster
from labkit.stats.doubts.doubt import Doubt
from labkit.stats.doubts.outliers import LEAST_TRIALS, outliers
from labkit.stats.doubts.trends import LEAST_TRIALS as LEAST_FOR_TRENDS
from labkit.stats.doubts.trends import trends
from labkit.stats.frames import LoadedRun
from labkit.stats.quantities import by_trial, figures

# What the doubts look at; what the host spends is measured in steps that are too coarse for it.
WATCHED = ("startup_s", "pss_bytes", "ops_per_s")
# What an empty list means: few trials raise few doubts, and are no better for it.
NO_DOUBTS = (
    f"Nothing was found. Trials far from the others are looked for from {LEAST_TRIALS} trials of a "
    f"backend on, trends from {LEAST_FOR_TRENDS} on."
)


def doubts(run: LoadedRun) -> list[Doubt]:
    """What to doubt in this run: first the conditions that it was made under, then single trials,
    then trends, then what cannot be told apart. Empty where there is nothing to say."""
    values = by_trial(run)
    watched = values[values["quantity"].isin(WATCHED)]
    return [
        *busy(run.trials, run.manifest),
        *stolen(run.trials),
        *clock(run.results, run.trials),
        *outliers(watched, run.manifest.plan.warmups),
        *warmup_faster(run.trials),
        *trends(watched, run.trials),
        *cold_faster(run.trials),
        *undecided(figures(values, run.trials)),
    ]
