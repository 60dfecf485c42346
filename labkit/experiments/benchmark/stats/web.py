"""When a server gives its first answer, and how fast it answers under a bounded load."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.stats.frames import backends, identified, of_good_trials
from labkit.stats.spread import FEW, spread

LATENCIES = ("p50", "p95", "p99")
FIGURES = (*(f"{name}_s" for name in LATENCIES), "requests_per_s", "client_share")


def first_response(milestones: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend that has answered: backend, family, engine, n, n_failed, few, and
    median_s, low_s, high_s: seconds from `requested` to the first whole answer."""
    moments = of_good_trials(milestones, trials)
    answered = moments[moments["milestone"] == "first_response"]
    figures = spread(answered, ["backend"], "at_s", "s")
    table = backends(trials).drop(columns="n").merge(figures, on="backend")
    table["few"] = table["n"] < FEW
    first = ["backend", "family", "engine", "n", "n_failed"]
    return table[first + [name for name in table.columns if name not in first]]


def latency(requests: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, workload and number of connections: backend, family, engine, workload,
    connections, n, few, errors, and median_…, low_…, high_… over trials of: p50_s, p95_s, p99_s
    (percentiles of each trial's latencies), requests_per_s, and client_share: CPU time of the
    asking side for each second, which the load competes with on the same computer.

    A percentile that any trial was too short for is NaN: the trials that know it are the faster
    ones. `errors` adds up all trials.
    """
    keys = ["backend", "workload", "connections"]
    known = of_good_trials(requests, trials)
    known = known.assign(client_share=known["client_cpu_s"] / known["seconds"])
    groups = known.groupby(keys, sort=False)
    table = groups.agg(n=("trial", "size"), errors=("errors", "sum")).reset_index()
    for name in FIGURES:
        figures = spread(known, keys, name, name).rename(columns={"n": "n_known"})
        columns = [f"{figure}_{name}" for figure in ("median", "low", "high")]
        table = table.merge(figures, on=keys)
        table[columns] = table[columns].where(table["n"] == table["n_known"])
        table = table.drop(columns="n_known")
    return identified(table, trials)
