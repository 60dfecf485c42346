"""All figures of a run in one tidy table: a row a trial and figure."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.frames import IDENTITY, measured
from labkit.experiments.benchmark.stats.programs import by_trial as programs_by_trial
from labkit.experiments.benchmark.stats.quantities import by_trial

COLUMNS = ["run", "trial", "block", *IDENTITY, "workload", "metric", "unit", "value"]
# Of the lab's own figures: the name's last word is the unit.
UNITS = {"startup_s": "s", "pss_bytes": "bytes", "ops_per_s": "1/s"}


def tidy(run: Run) -> pd.DataFrame:
    """COLUMNS; good trials only. startup_s and pss_bytes belong to no workload; of the lab's own
    workloads there is ops_per_s, in what the workload counts."""
    own = by_trial(run)
    own = own[own["quantity"].isin(UNITS)].rename(columns={"quantity": "metric"})
    own = own.assign(unit=[_unit(row) for row in own.itertuples()])
    rows = pd.concat([own, programs_by_trial(run)], ignore_index=True)
    engines = measured(run.trials)[["trial", "engine"]]
    rows = rows.merge(engines, on="trial").assign(run=run.manifest.recording_id)
    return rows.sort_values("trial", kind="stable")[COLUMNS].reset_index(drop=True)


def _unit(row: object) -> str:
    metric, counted = str(getattr(row, "metric")), getattr(row, "unit")  # noqa: B009
    return f"{counted}/s" if metric == "ops_per_s" and counted else UNITS[metric]
