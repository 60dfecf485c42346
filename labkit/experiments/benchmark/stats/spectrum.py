"""From a bare process to a whole machine: what each boundary costs, beside what it still shares."""

from __future__ import annotations

import pandas as pd

from labkit import units
from labkit.experiments.benchmark.stats.memory import memory
from labkit.experiments.benchmark.stats.startup import startup
from labkit.experiments.benchmark.stats.throughput import throughput
from labkit.recordings.words import FAMILIES

# What is looked at, from what a machine alone has for itself to what nearly every boundary has.
ASPECTS = ("kernel", "users", "network", "processes", "devices (/dev)", "root folder")
LIMITS = ("system calls", "capabilities")
STARTUP = ["backend", "family", "engine", "n", "n_failed", "few", "median_s", "low_s", "high_s"]
FIGURES = ("median", "low", "high")
# The higher the speed, the shorter the call.
CALLS = {"median_call_us": "median", "low_call_us": "high", "high_call_us": "low"}


def spectrum(
    trials: pd.DataFrame, results: pd.DataFrame, samples: pd.DataFrame, seen: pd.DataFrame
) -> pd.DataFrame:
    """One row a backend, from what shares the most with the host to what shares the least: STARTUP
    (seconds until ready); median_mib, low_…, high_… (MiB of PSS of instance and helper);
    median_call_us, low_…, high_… (microseconds of one read and one write of a byte, the workload
    `syscall`); a column for each of ASPECTS and LIMITS with whose it is (`host`, `own`, `nothing`,
    `unknown`), and shared: how many of them are the host's. What was not measured is empty, what
    was not asked `unknown`.

    seen: the isolation experiment's `matrix`, of the same computer.
    """
    table = startup(trials)[STARTUP]
    sizes = memory(samples, trials)
    sizes = sizes[(sizes["metric"] == "pss") & (sizes["role"] == "each")]
    sizes = sizes[["backend"]].assign(
        **{f"{figure}_mib": sizes[f"{figure}_bytes"] / units.MIB for figure in FIGURES}
    )
    speeds = throughput(results, trials)
    speeds = speeds[speeds["workload"] == "syscall"]
    calls = speeds[["backend"]].assign(
        **{name: 1e6 / speeds[f"{figure}_ops_per_s"] for name, figure in CALLS.items()}
    )
    table = table.merge(sizes, on="backend", how="left")
    table = table.merge(calls, on="backend", how="left")
    asked = seen[seen["aspect"].isin([*ASPECTS, *LIMITS])]
    whose = asked.pivot(index="backend", columns="aspect", values="touches")
    whose = whose.reindex(index=table["backend"], columns=[*ASPECTS, *LIMITS]).fillna("unknown")
    table = table.merge(whose.reset_index(), on="backend")
    table["shared"] = (table[[*ASPECTS, *LIMITS]] == "host").sum(axis="columns")
    place = table["family"].map({family: number for number, family in enumerate(FAMILIES)})
    order = table.assign(place=place, less=-table["shared"])
    return table.loc[order.sort_values(["place", "less", "median_s"], kind="stable").index]
