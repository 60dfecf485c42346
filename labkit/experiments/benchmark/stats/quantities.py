"""All measured quantities in one long table: what the summary, `--json` and comparisons are made
of."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import Run, once
from labkit.experiments.benchmark.stats.cpu import PER_SECOND, PER_UNIT, spent_by_trial
from labkit.experiments.benchmark.stats.frames import (
    PAIR,
    baseline,
    identified,
    in_blocks,
    paired,
)
from labkit.experiments.benchmark.stats.memory import memory_by_trial
from labkit.experiments.benchmark.stats.throughput import speeds_by_trial
from labkit.stats.ratios import ratios
from labkit.stats.spread import floats, spread

KEYS = ["backend", "quantity", "workload", "unit"]
COLUMNS = ["trial", "block", PAIR, "family", *KEYS, "value"]


@once
def quantities(run: Run) -> pd.DataFrame:
    """One row a backend, quantity and workload: backend, family, engine, quantity, workload, unit,
    n, median, mad, low, high, n_ratio, median_ratio, low_ratio, high_ratio, delta, effect, few.

    Quantities: startup_s; pss_bytes (instance + helper, what exists once for each instance); for
    each workload ops_per_s, host_cpu_s_per_1000_ops and host_cpu_s_per_s (host CPU of instance,
    helper and services). `workload` is empty for the first two, `unit` is what the workload
    counts. The ratio is to the yardstick in the same block. Rows without any value are left out.
    """
    return figures(by_trial(run), run.trials)


def figures(values: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The table of quantities() from that of by_trial()."""
    medians = spread(values, KEYS, "value", "value")
    medians = medians.rename(columns=lambda name: name.removesuffix("_value"))
    alike = ["quantity", "workload"]
    relative = ratios(values, baseline(values, trials), "value", KEYS, match=alike, pair=PAIR)
    return identified(medians.merge(relative, on=KEYS), trials)


@once
def by_trial(run: Run) -> pd.DataFrame:
    """One row a good trial, quantity and workload: trial, block, pair, family, backend, quantity,
    workload, unit, value. What is not known has no row."""
    trials = run.trials
    sizes = memory_values(run)
    sizes = sizes[(sizes["metric"] == "pss") & (sizes["role"] == "each")]
    spent = cpu_values(run)
    spent = spent[spent["role"] == "all"]
    parts = [
        _part(paired(trials), "startup_s", "startup_s"),
        _part(in_blocks(sizes, trials), "value_bytes", "pss_bytes"),
        _part(speeds_by_trial(run.results, trials), "ops_per_s", "ops_per_s"),
        _part(spent, PER_UNIT, PER_UNIT),
        _part(spent, PER_SECOND, PER_SECOND),
    ]
    return pd.concat(parts, ignore_index=True)


@once
def memory_values(run: Run) -> pd.DataFrame:
    """memory_by_trial() of a run."""
    return memory_by_trial(run.samples, run.trials)


@once
def cpu_values(run: Run) -> pd.DataFrame:
    """spent_by_trial() of a run."""
    return spent_by_trial(run.samples, run.results, run.trials)


def _part(table: pd.DataFrame, column: str, quantity: str) -> pd.DataFrame:
    """The known values of one quantity, in the columns that all have."""
    known = table.assign(quantity=quantity, value=floats(table[column])).dropna(subset=["value"])
    for name in ("workload", "unit"):
        if name not in known:
            known[name] = ""
    return known[COLUMNS]
