"""All measured quantities in one long table: what the summary, `--json` and comparisons are made
of."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.records import Run, once
from labkit.experiments.benchmark.stats.cpu import PER_SECOND, PER_UNIT, spent_by_trial
from labkit.experiments.benchmark.stats.frames import (
    PAIR,
    backends,
    baseline,
    identified,
    in_blocks,
    paired,
)
from labkit.experiments.benchmark.stats.memory import memory_by_trial
from labkit.experiments.benchmark.stats.throughput import speeds_by_trial
from labkit.stats.ratios import ratios
from labkit.stats.spread import FEW, floats, spread

QUANTITIES = ("startup_s", "pss_bytes", "ops_per_s", PER_UNIT, PER_SECOND)
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


def compare(first: Run, second: Run) -> pd.DataFrame:
    """One row a backend, quantity and workload that both runs have: backend, family, engine,
    quantity, workload, unit, n_first, n_second, median_first, median_second, n_ratio,
    median_ratio, low_ratio, high_ratio, delta, effect, few.

    The ratio is that of the medians, second to first; trials of two runs are no pairs, so both
    sides are resampled. A backend under another engine is another thing and left out. `few` is
    True where either side has fewer than 10 trials. Whether the runs may be compared at all, see
    labkit.recordings.comparability.
    """
    shared = backends(first.trials).merge(backends(second.trials), on=["backend", "engine"])
    one, two = (_of(by_trial(run), shared["backend"]) for run in (first, second))
    sides = _medians(one, "first").merge(_medians(two, "second"), on=KEYS)
    relative = ratios(two, one, "value", KEYS, match=KEYS)
    table = identified(sides.merge(relative, on=KEYS), second.trials)
    table["few"] = table["n_ratio"] < FEW
    return table


def _of(values: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    return values[values["backend"].isin(names)]


def _medians(values: pd.DataFrame, side: str) -> pd.DataFrame:
    groups = values.groupby(KEYS, sort=False)["value"]
    table = groups.agg(["count", "median"]).reset_index()
    return table.rename(columns={"count": f"n_{side}", "median": f"median_{side}"})
