"""One row a backend: what the comparison table prints and `--json` gives."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from labkit.stats.cpu import cpu_spent
from labkit.stats.frames import FEW, LoadedRun, backends
from labkit.stats.memory import memory
from labkit.stats.startup import startup
from labkit.stats.throughput import throughput

WORKLOAD = "cpu"
FIGURES = ("median", "low", "high")


def summary(run: LoadedRun) -> pd.DataFrame:
    """One row a backend: backend, family, engine, n, n_failed, cpu_unit, few, and median_…,
    low_…, high_… of: startup_s; pss_bytes (instance + helper, what exists once for each
    instance); of the workload `cpu`: ops_per_s, ratio (to the baseline), host_cpu_s_per_s
    and host_cpu_relative (both of instance, helper and services together).
    """
    table = backends(run.trials)
    speed = throughput(run.results, run.trials)
    speed = speed[speed["workload"] == WORKLOAD].rename(columns={"unit": "cpu_unit"})
    spent = cpu_spent(run.samples, run.results, run.trials)
    spent = spent[(spent["workload"] == WORKLOAD) & (spent["role"] == "all")]
    used = memory(run.samples, run.trials)
    used = used[(used["metric"] == "pss") & (used["role"] == "each")]
    for source, quantity, name in (
        (startup(run.trials), "s", "startup_s"),
        (used, "bytes", "pss_bytes"),
        (speed, "ops_per_s", "ops_per_s"),
        (speed, "ratio", "ratio"),
        (spent, "host_cpu_s_per_s", "host_cpu_s_per_s"),
        (spent, "relative", "host_cpu_relative"),
    ):
        table = table.merge(_figures(source, quantity, name), on="backend", how="left")
    table = table.merge(speed[["backend", "cpu_unit"]], on="backend", how="left")
    table["few"] = table["n"] < FEW
    return table


def summary_json(run: LoadedRun) -> list[dict[str, Any]]:
    """The summary as plain values for JSON; what is not known is None."""
    rows = summary(run).to_dict("records")
    return [_entry({str(name): value for name, value in row.items()}) for row in rows]


def _figures(source: pd.DataFrame, quantity: str, name: str) -> pd.DataFrame:
    figures = {f"{figure}_{quantity}": f"{figure}_{name}" for figure in FIGURES}
    return source[["backend", *figures]].rename(columns=figures)


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    unit = row["cpu_unit"]
    return {
        "backend": row["backend"],
        "engine": row["engine"],
        "family": row["family"],
        "n": int(row["n"]),
        "n_failed": int(row["n_failed"]),
        "startup_s": _known(row, "startup_s"),
        "pss_bytes": _known(row, "pss_bytes"),
        "cpu": {
            "ops_per_s": _known(row, "ops_per_s"),
            "unit": unit if isinstance(unit, str) else None,
            "relative_to_host": _known(row, "ratio"),
            "host_cpu_s_per_s": _known(row, "host_cpu_s_per_s"),
            "host_cpu_relative": _known(row, "host_cpu_relative"),
        },
    }


def _known(row: dict[str, Any], name: str) -> dict[str, float | None]:
    values = {figure: float(row[f"{figure}_{name}"]) for figure in FIGURES}
    return {figure: None if math.isnan(value) else value for figure, value in values.items()}
