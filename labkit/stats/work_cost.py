"""What the host's processors spend: for a million operations, and for none at all."""

from __future__ import annotations

import pandas as pd

from labkit.stats.cpu import PER_UNIT, spent_by_trial
from labkit.stats.frames import FEW, identified, spread
from labkit.workloads import all_workloads

IDLE = "idle"
PER_MILLION = "host_cpu_s_per_million_ops"
PER_SECOND = "host_cpu_s_per_s"


def work_cost(samples: pd.DataFrame, results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, counting workload and role: backend, family, engine, workload, role, n,
    median_…, mad_…, low_…, high_host_cpu_s_per_million_ops, few.

    Host CPU seconds for a million operations of the workload (its file says what one is: `cpu`
    hashes 16 KiB). The role `all` is all that worked for it: the instance, its helper, and what
    the services spent meanwhile.
    """
    values = spent_by_trial(samples, results, trials)
    per_unit = {name: workload.ops_per_unit for name, workload in all_workloads().items()}
    operations = values["workload"].map(per_unit).astype(float)
    values[PER_MILLION] = values[PER_UNIT] * 1000 / operations
    values = values[values["unit"] != ""]
    table = spread(values, ["backend", "workload", "role"], PER_MILLION, PER_MILLION)
    return identified(table, trials).assign(few=lambda rows: rows["n"] < FEW)


def idle_burn(samples: pd.DataFrame, results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and role: backend, family, engine, role, n, median_…, mad_…, low_…,
    high_host_cpu_s_per_s, few: CPU seconds that the host spends each second while the program
    does nothing (the workload `idle`); 1 is one whole processor. Short readings of a clock with
    steps of 0.01 s: nothing below a hundredth of the duration can be told from zero.
    """
    values = spent_by_trial(samples, results, trials)
    values = values[values["workload"] == IDLE]
    table = spread(values, ["backend", "role"], PER_SECOND, PER_SECOND)
    return identified(table, trials).assign(few=lambda rows: rows["n"] < FEW)
