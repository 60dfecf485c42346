"""What the host's processors spend on an instance: while it starts, and while it works."""

from __future__ import annotations

import pandas as pd

from labkit.experiments.benchmark.stats.frames import (
    PAIR,
    baseline,
    identified,
    in_blocks,
    of_good_trials,
)
from labkit.experiments.benchmark.stats.roles import ALL, by_role, together
from labkit.stats.ratios import ratios
from labkit.stats.spread import floats, spread

METER = ["backend", "trial", "role", "meter"]
BY = ["backend", "workload", "unit", "role"]
PER_UNIT = "host_cpu_s_per_1000_ops"
PER_SECOND = "host_cpu_s_per_s"


def cpu_spent(samples: pd.DataFrame, results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, workload and role: backend, family, engine, workload, unit, role, n, and
    median_…, mad_…, low_…, high_… of three quantities, then n_relative, median_relative,
    low_relative, high_relative, delta, effect, few.

    host_cpu_s: host CPU seconds between the readings "begin W" and "end W".
    host_cpu_s_per_s: the same for each second of the workload (1 is one full processor).
    host_cpu_s_per_1000_ops: the same for each 1000 units of work; empty for a workload that
    counts none. The role `all` is instance + helper + services.
    relative: host_cpu_s_per_1000_ops in multiples of what the yardstick's role `all` spent in the
    same block; empty where a workload counts nothing, or the yardstick has no figure.
    `delta` and `effect` belong to it (labkit.stats.ratios).
    """
    return cpu_spent_of(spent_by_trial(samples, results, trials), trials)


def cpu_spent_of(values: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """cpu_spent() from the table of spent_by_trial()."""
    table = spread(values, BY, "host_cpu_s", "host_cpu_s")
    for column in (PER_SECOND, PER_UNIT):
        table = table.merge(spread(values, BY, column, column).drop(columns="n"), on=BY)
    # All roles have the same divisor: a part's ratio is its part of the whole one.
    whole = baseline(values[values["role"] == "all"], trials)
    relative = ratios(values, whole, PER_UNIT, BY, match=["workload"], pair=PAIR)
    relative = relative.rename(columns=lambda name: name.replace("_ratio", "_relative"))
    return identified(table.merge(relative, on=BY), trials)


def startup_cpu_by_trial(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a trial and role, and the role `all`: backend, trial, role, host_cpu_s.

    Host CPU seconds from `requested` to `ready`. An instance and its helper begin at zero; the
    services ran before, so that theirs is a difference, empty without a reading at `requested`.
    Of short-lived programs only those are in it that a meter accounts for (such as runc, where the
    lab itself or a containerd-shim has called it).
    """
    return _roles_and_all(_until_ready(samples, trials), [])


def spent_by_trial(
    samples: pd.DataFrame, results: pd.DataFrame, trials: pd.DataFrame
) -> pd.DataFrame:
    """backend, trial, role, workload, host_cpu_s, unit, block, pair, family, host_cpu_s_per_s,
    host_cpu_s_per_1000_ops."""
    counted = _named(samples, trials)
    keys = [*METER, "workload"]
    begin = _edge(counted, "begin ").rename(columns={"cpu_s": "before_s"})
    readings = begin.merge(_edge(counted, "end "), on=keys)
    readings["host_cpu_s"] = _difference(readings["before_s"], readings["cpu_s"])
    work = results.drop_duplicates(["trial", "backend", "workload"])
    work = work[["trial", "backend", "workload", "unit", "ops", "seconds"]]
    values = _roles_and_all(readings, ["workload"]).merge(work, on=["trial", "backend", "workload"])
    values["unit"] = values["unit"].fillna("")
    for column, amount in (
        (PER_SECOND, floats(values["seconds"])),
        (PER_UNIT, floats(values["ops"]) / 1000),
    ):
        values[column] = values["host_cpu_s"] / amount.where(amount > 0)
    return in_blocks(values, trials)


def components(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and meter (`docker`, `dockerd`, `containerd-shim`, …): backend, family,
    engine, meter, role, n, few, and median_…, low_…, high_… of host_cpu_s and pss_bytes.

    host_cpu_s: CPU seconds from `requested` to `ready`, as in `startup_cpu_by_trial`: a service ran
    before, so its figure is a difference; what is started for the instance begins at zero.
    pss_bytes: the reading at `ready`. A median of meters adds up to no median of a sum.
    """
    ready = _until_ready(samples, trials)
    table = ready.groupby(["backend", "meter", "role"], sort=False).size().rename("n").reset_index()
    for name in ("host_cpu_s", "pss_bytes"):
        figures = spread(ready, ["backend", "meter"], name, name)
        table = table.merge(figures.drop(columns=["n", f"mad_{name}"]), on=["backend", "meter"])
    return identified(table[table["role"] != "host"], trials)


def idle_burn(samples: pd.DataFrame, results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and role: backend, family, engine, role, n, median_…, mad_…, low_…,
    high_host_cpu_s_per_s, few: CPU seconds that the host spends each second while the program
    does nothing (the workload `idle`); 1 is one whole processor. Short readings of a clock with
    steps of 0.01 s: nothing below a hundredth of the duration can be told from zero.
    """
    return idle_burn_of(spent_by_trial(samples, results, trials), trials)


def idle_burn_of(values: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """idle_burn() from the table of spent_by_trial()."""
    values = values[values["workload"] == "idle"]
    return identified(spread(values, ["backend", "role"], PER_SECOND, PER_SECOND), trials)


def _roles_and_all(readings: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return together(by_role(readings, keys, ["host_cpu_s"]), ALL, "all", keys, ["host_cpu_s"])


def _until_ready(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a trial and meter: METER, pss_bytes (at `ready`), host_cpu_s (from `requested` on).
    What is started for the instance begins at zero; the services ran before."""
    counted = _named(samples, trials)
    before = _at(counted, "requested")[[*METER, "cpu_s"]].rename(columns={"cpu_s": "before_s"})
    readings = _at(counted, "ready").merge(before, on=METER, how="left")
    fresh = readings["role"] != "services"
    readings.loc[fresh, "before_s"] = readings.loc[fresh, "before_s"].fillna(0.0)
    readings["host_cpu_s"] = _difference(readings["before_s"], readings["cpu_s"])
    return readings


def _named(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """The readings of good trials at named moments."""
    named = samples.loc[samples["moment"].notna(), [*METER, "moment", "cpu_s", "pss_bytes"]]
    return of_good_trials(named, trials)


def _at(samples: pd.DataFrame, moment: str) -> pd.DataFrame:
    """The first reading of each meter that was taken at a moment."""
    rows = samples[samples["moment"] == moment].drop_duplicates(METER)
    return rows[METER].assign(cpu_s=floats(rows["cpu_s"]), pss_bytes=floats(rows["pss_bytes"]))


def _edge(samples: pd.DataFrame, edge: str) -> pd.DataFrame:
    """The first reading of each meter at an edge ("begin ", "end ") of each workload."""
    moments = samples["moment"].unique()  # few, of many readings
    workloads = {name: name.removeprefix(edge) for name in moments if name.startswith(edge)}
    workload = samples["moment"].map(workloads).astype(object).dropna()
    rows = samples.loc[workload.index]
    table = rows[METER].assign(workload=workload, cpu_s=floats(rows["cpu_s"]))
    return table.drop_duplicates([*METER, "workload"])


def _difference(before: pd.Series, after: pd.Series) -> pd.Series:
    """CPU seconds spent. A meter that went back lost a process from sight: then not known."""
    spent = after - before
    return spent.where(spent >= 0)
