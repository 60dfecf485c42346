"""What the host's processors spend on an instance: while it starts, and while it works."""

from __future__ import annotations

import pandas as pd

from labkit.stats.frames import (
    FEW,
    baseline,
    floats,
    identified,
    in_blocks,
    of_good_trials,
    spread,
)
from labkit.stats.ratios import ratios
from labkit.stats.roles import ALL, by_role, together

METER = ["backend", "trial", "role", "meter"]
BY = ["backend", "workload", "unit", "role"]
PER_UNIT = "host_cpu_s_per_1000_ops"


def cpu_spent(samples: pd.DataFrame, results: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend, workload and role: backend, family, engine, workload, unit, role, n, and
    median_…, mad_…, low_…, high_… of three quantities, then n_relative, median_relative,
    low_relative, high_relative, delta, effect, few.

    host_cpu_s: host CPU seconds between the readings "begin W" and "end W".
    host_cpu_s_per_s: the same for each second of the workload (1 is one full processor).
    host_cpu_s_per_1000_ops: the same for each 1000 units of work; empty for a workload that
    counts none. The role `all` is instance + helper + services.
    relative: host_cpu_s_per_1000_ops in multiples of what the baseline's role `all` spent in the
    same block; empty where a workload counts nothing, or there is no figure of a baseline.
    `delta` and `effect` belong to it (labkit.stats.ratios).
    """
    values = spent_by_trial(samples, results, trials)
    table = spread(values, BY, "host_cpu_s", "host_cpu_s")
    for column in ("host_cpu_s_per_s", PER_UNIT):
        table = table.merge(spread(values, BY, column, column).drop(columns="n"), on=BY)
    # All roles have the same divisor: a part's ratio is its part of the whole one.
    whole = baseline(values[values["role"] == "all"])
    relative = ratios(values, whole, PER_UNIT, BY, match=["workload"], pair="block")
    relative = relative.rename(columns=lambda name: name.replace("_ratio", "_relative"))
    table = identified(table.merge(relative, on=BY), trials)
    table["few"] = table["n"] < FEW
    return table


def startup_cpu(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a backend and role: backend, family, engine, role, n, median_host_cpu_s,
    mad_host_cpu_s, low_host_cpu_s, high_host_cpu_s, few.

    Host CPU seconds from `requested` to `ready`. An instance and its helper begin at zero; the
    services ran before, so that theirs is a difference, empty without a reading at `requested`.
    Of short-lived programs only those are in it that a meter accounts for (such as runc, where the
    lab itself or a containerd-shim has called it).
    """
    values = startup_cpu_by_trial(samples, trials)
    table = identified(spread(values, ["backend", "role"], "host_cpu_s", "host_cpu_s"), trials)
    table["few"] = table["n"] < FEW
    return table


def startup_cpu_by_trial(samples: pd.DataFrame, trials: pd.DataFrame) -> pd.DataFrame:
    """One row a trial and role, and the role `all`: backend, trial, role, host_cpu_s."""
    counted = of_good_trials(samples, trials)
    before = _at(counted, "requested").rename(columns={"cpu_s": "before_s"})
    readings = _at(counted, "ready").merge(before, on=METER, how="left")
    fresh = readings["role"] != "services"
    readings.loc[fresh, "before_s"] = readings.loc[fresh, "before_s"].fillna(0.0)
    readings["host_cpu_s"] = _difference(readings["before_s"], readings["cpu_s"])
    return _roles_and_all(readings, [])


def spent_by_trial(
    samples: pd.DataFrame, results: pd.DataFrame, trials: pd.DataFrame
) -> pd.DataFrame:
    """backend, trial, role, workload, host_cpu_s, unit, block, family, host_cpu_s_per_s,
    host_cpu_s_per_1000_ops."""
    counted = of_good_trials(samples, trials)
    keys = [*METER, "workload"]
    begin = _edge(counted, "begin ").rename(columns={"cpu_s": "before_s"})
    readings = begin.merge(_edge(counted, "end "), on=keys)
    readings["host_cpu_s"] = _difference(readings["before_s"], readings["cpu_s"])
    work = results.drop_duplicates(["trial", "backend", "workload"])
    work = work[["trial", "backend", "workload", "unit", "ops", "seconds"]]
    values = _roles_and_all(readings, ["workload"]).merge(work, on=["trial", "backend", "workload"])
    values["unit"] = values["unit"].fillna("")
    for column, amount in (
        ("host_cpu_s_per_s", floats(values["seconds"])),
        (PER_UNIT, floats(values["ops"]) / 1000),
    ):
        values[column] = values["host_cpu_s"] / amount.where(amount > 0)
    return in_blocks(values, trials)


def _roles_and_all(readings: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return together(by_role(readings, keys, ["host_cpu_s"]), ALL, "all", keys, ["host_cpu_s"])


def _at(samples: pd.DataFrame, moment: str) -> pd.DataFrame:
    """The first reading of each meter that was taken at a moment."""
    rows = samples[samples["moment"] == moment].drop_duplicates(METER)
    return rows[METER].assign(cpu_s=floats(rows["cpu_s"]))


def _edge(samples: pd.DataFrame, edge: str) -> pd.DataFrame:
    """The first reading of each meter at an edge ("begin ", "end ") of each workload."""
    moment = samples["moment"].fillna("").astype(str)
    rows = samples[moment.str.startswith(edge)]
    workload = moment[rows.index].str.removeprefix(edge)
    table = rows[METER].assign(workload=workload, cpu_s=floats(rows["cpu_s"]))
    return table.drop_duplicates([*METER, "workload"])


def _difference(before: pd.Series, after: pd.Series) -> pd.Series:
    """CPU seconds spent. A meter that went back lost a process from sight: then not known."""
    spent = after - before
    return spent.where(spent >= 0)
