"""The same CPU time from three sources: they must agree where each of them sees everything.

The process table (/proc/PID/stat) counts children that were waited for, in steps of 0.01 s. A
control group counts whatever ran in it, in nanoseconds. The scheduler's own count (schedstat) is
of threads that live: programs that came and went have taken theirs along.
"""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.stats.frames import identified, of_good_trials
from labkit.recordings.words import MACHINES
from labkit.stats.spread import floats, spread

SOURCES = {"cgroup": "cgroup_cpu_s", "schedstat": "schedstat_s"}
# Where an instance is one program that lives from the workload's beginning to its end.
ONE_PROGRAM = MACHINES
ENDED = "programs that came and went have taken their time along"
NO_GROUP = "it is not put into a control group of its own, or the kernel does not keep this"


def cpu_sources(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, workload and further source: backend, family, engine, workload, source,
    n, median_cpu_s, median_other_s (CPU seconds of the instance between the workload's edges, by
    the process table and by the other source), median_difference_s, low_difference_s,
    high_difference_s (the other less the table), few, reason (why they are not compared).
    """
    values = pd.concat([_by_trial(samples, trials, source) for source in SOURCES])
    by = ["backend", "workload", "source"]
    table = spread(values, by, "difference_s", "difference_s")
    for column in ("cpu_s", "other_s"):
        figures = spread(values, by, column, column)[[*by, f"median_{column}"]]
        table = table.merge(figures, on=by)
    table = identified(table, trials)
    pairs = zip(table["source"], table["family"], table["n"], strict=True)
    table["reason"] = [_reason(source, family) if not n else "" for source, family, n in pairs]
    return table


def _by_trial(samples: pd.DataFrame, trials: pd.DataFrame, source: str) -> pd.DataFrame:
    """backend, trial, workload, source, cpu_s, other_s, difference_s."""
    read = of_good_trials(samples, trials)
    read = read[(read["role"] == "instance") & read["cpu_s"].notna()]
    edge = read["moment"].fillna("").astype(str).str.extract(r"^(begin|end) (.+)$")
    keys = ["backend", "trial", "workload", "meter"]
    table = read.assign(edge=edge[0], workload=edge[1], other_s=floats(read[SOURCES[source]]))
    table = table.merge(trials[["trial", "family"]], on="trial")
    if source == "schedstat":
        table["other_s"] = table["other_s"].where(table["family"].isin(ONE_PROGRAM))
    table["cpu_s"] = floats(table["cpu_s"]).where(table["other_s"].notna())
    sums = table[table["edge"].notna()].groupby([*keys, "edge"])[["cpu_s", "other_s"]].first()
    spent = sums.xs("end", level="edge") - sums.xs("begin", level="edge")
    spent = spent.groupby(keys[:3]).sum(min_count=1).reset_index()
    return spent.assign(source=source, difference_s=spent["other_s"] - spent["cpu_s"])


def _reason(source: str, family: str) -> str:
    if source == "cgroup":
        return NO_GROUP
    return ENDED if family not in ONE_PROGRAM else "the kernel does not keep it"
