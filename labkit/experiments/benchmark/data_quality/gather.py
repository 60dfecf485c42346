"""All quality issues of a run."""

from __future__ import annotations

from labkit.experiments.benchmark.data_quality.conditions import (
    busy,
    clock,
    disturbed,
    priority,
    stolen,
)
from labkit.experiments.benchmark.data_quality.contrasts import (
    cold_faster,
    undecided,
    warmup_faster,
)
from labkit.experiments.benchmark.data_quality.issue import QualityIssue
from labkit.experiments.benchmark.data_quality.limits import limits
from labkit.experiments.benchmark.data_quality.outliers import LEAST_TRIALS, outliers
from labkit.experiments.benchmark.data_quality.trends import LEAST_TRIALS as LEAST_FOR_TRENDS
from labkit.experiments.benchmark.data_quality.trends import trends
from labkit.experiments.benchmark.records import Run, once
from labkit.experiments.benchmark.stats.frames import yardstick
from labkit.experiments.benchmark.stats.quantities import by_trial, quantities

# What they look at; what the host spends is measured in steps that are too coarse for it.
WATCHED = ("startup_s", "pss_bytes", "ops_per_s")
# What an empty list means: few trials raise few issues, and are no better for it.
NO_ISSUES = (
    f"Nothing was found. Trials far from the others are looked for from {LEAST_TRIALS} trials of a "
    f"backend on, trends from {LEAST_FOR_TRENDS} on."
)


@once
def quality_issues(run: Run) -> list[QualityIssue]:
    """What may be wrong with this run: first the conditions it was made under, then single trials,
    then trends, then what cannot be told apart. Empty where there is nothing to say."""
    values = by_trial(run)
    watched = values[values["quantity"].isin(WATCHED)]
    return [
        *limits(run.trials, run.manifest),
        *disturbed(run.trials),
        *priority(run.manifest),
        *busy(run.trials, run.manifest),
        *stolen(run.trials),
        *clock(run.results, run.trials),
        *outliers(watched, run.manifest.plan.warmups),
        *warmup_faster(run.trials),
        *trends(watched, run.trials),
        *cold_faster(run.trials),
        *undecided(quantities(run), yardstick(run.trials)),
    ]
