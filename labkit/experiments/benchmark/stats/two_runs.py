"""What two runs both have, as one table: B in multiples of A."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.same_work import works
from labkit.experiments.benchmark.stats.frames import backends, identified
from labkit.experiments.benchmark.stats.programs import BY
from labkit.experiments.benchmark.stats.programs import by_trial as programs_by_trial
from labkit.experiments.benchmark.stats.quantities import KEYS, by_trial
from labkit.stats.ratios import ratios
from labkit.stats.spread import FEW


def compare(first: Run, second: Run) -> pd.DataFrame:
    """One row a backend, quantity and workload that both runs have: backend, family, engine,
    quantity, workload, unit, n_first, n_second, median_first, median_second, n_ratio,
    median_ratio, low_ratio, high_ratio, delta, effect, few.

    The ratio is that of the medians, second to first; trials of two runs are no pairs, so both
    sides are resampled. A backend under another engine is another thing and left out. `few` is
    True where either side has fewer than 10 trials. Whether the runs may be compared at all, see
    labkit.recordings.comparability.
    """
    one, two = by_trial(first), by_trial(second)
    return _beside(one, two, KEYS, first, second)


def compare_programs(first: Run, second: Run) -> pd.DataFrame:
    """The same of what programs have reported: `metric` instead of `quantity`, values in its unit.

    Only the same work stands side by side: with the same options, however they were asked for. It
    is called as in the first run's plan.
    """
    one, two = (
        programs_by_trial(run).replace({"workload": works(run.manifest)}) for run in (first, second)
    )
    asked = {work: label for label, work in works(first.manifest).items()}
    return _beside(one, two, BY, first, second).replace({"workload": asked})


def _beside(
    one: pd.DataFrame, two: pd.DataFrame, keys: list[str], first: Run, second: Run
) -> pd.DataFrame:
    shared = backends(first.trials).merge(backends(second.trials), on=["backend", "engine"])
    one, two = (values[values["backend"].isin(shared["backend"])] for values in (one, two))
    sides = _medians(one, keys, "first").merge(_medians(two, keys, "second"), on=keys)
    relative = ratios(two, one, "value", keys, match=keys)
    table = identified(sides.merge(relative, on=keys), second.trials)
    table["few"] = table["n_ratio"] < FEW
    return table


def _medians(values: pd.DataFrame, keys: list[str], side: str) -> pd.DataFrame:
    groups = values.groupby(keys, sort=False)["value"]
    table = groups.agg(["count", "median"]).reset_index()
    return table.rename(columns={"count": f"n_{side}", "median": f"median_{side}"})
