"""One row a backend: what the comparison table prints and `--json` gives."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.cpu import PER_SECOND, PER_UNIT
from labkit.experiments.benchmark.stats.frames import backends, yardstick
from labkit.experiments.benchmark.stats.quantities import quantities
from labkit.stats.spread import FEW

WORKLOAD = "cpu"
FIGURES = ("median", "mad", "low", "high")
RATIOS = {f"{figure}_ratio": figure for figure in ("median", "low", "high")}
# The quantities of the table: its workload, and the names of its figures and of its ratio.
SHOWN = (
    ("startup_s", "", "startup_s", "startup_ratio"),
    ("pss_bytes", "", "pss_bytes", "pss_ratio"),
    ("ops_per_s", WORKLOAD, "ops_per_s", "ratio"),
    (PER_UNIT, WORKLOAD, PER_UNIT, "host_cpu_relative"),
    (PER_SECOND, WORKLOAD, PER_SECOND, "host_cpu_s_per_s_ratio"),
)


def summary(run: Run) -> pd.DataFrame:
    """One row a backend: backend, family, engine, n, n_failed, cpu_unit, few, and

    median_…, mad_…, low_…, high_… of: startup_s; pss_bytes (instance + helper, what exists once
    for each instance); of the workload `cpu`: ops_per_s, host_cpu_s_per_1000_ops and
    host_cpu_s_per_s (both of instance, helper and services together);

    median_…, low_…, high_…, delta_… of their ratios to the yardstick in the same block, in the
    same order: startup_ratio, pss_ratio, ratio, host_cpu_relative, host_cpu_s_per_s_ratio.
    """
    table = backends(run.trials)
    measured = quantities(run)
    for quantity, workload, name, ratio in SHOWN:
        rows = measured[(measured["quantity"] == quantity) & (measured["workload"] == workload)]
        names = {figure: f"{figure}_{name}" for figure in FIGURES}
        names |= {column: f"{figure}_{ratio}" for column, figure in RATIOS.items()}
        names |= {"delta": f"delta_{ratio}"}
        shown = rows[["backend", *names]].rename(columns=names)
        table = table.merge(shown, on="backend", how="left")
    units = measured[measured["workload"] == WORKLOAD].drop_duplicates("backend")
    units = units[["backend", "unit"]].rename(columns={"unit": "cpu_unit"})
    table = table.merge(units, on="backend", how="left")
    table["few"] = table["n"] < FEW
    return table


def summary_json(run: Run) -> list[dict[str, Any]]:
    """One object a backend with all its quantities, for JSON; what is not known is None."""
    measured = quantities(run)
    return [
        {
            "backend": row["backend"],
            "engine": row["engine"],
            "family": row["family"],
            "n": int(row["n"]),
            "n_failed": int(row["n_failed"]),
            "n_disturbed": int(row["n_disturbed"]),
            "yardstick": yardstick(run.trials) or None,
            "few": bool(row["n"] < FEW),
            **_of_backend(measured[measured["backend"] == row["backend"]]),
        }
        for row in backends(run.trials).to_dict("records")
    ]


def _of_backend(measured: pd.DataFrame) -> dict[str, Any]:
    """quantity → its figures; those of workloads are under `workloads` and the workload's name."""
    figures: dict[str, Any] = {"startup_s": NOTHING, "pss_bytes": NOTHING, "workloads": {}}
    for record in measured.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        place = figures
        if row["workload"]:
            place = figures["workloads"].setdefault(row["workload"], {"unit": row["unit"] or None})
        place[row["quantity"]] = figures_json(row)
    return figures


def figures_json(row: dict[str, Any]) -> dict[str, Any]:
    """The figures of one quantity as plain values; what is not known is None."""
    ratio = {figure: known(row[column]) for column, figure in RATIOS.items()}
    return {
        "n": int(row["n"]),
        "few": bool(row["few"]),
        **{figure: known(row[figure]) for figure in FIGURES},
        "ratio_to_yardstick": {"n": int(row["n_ratio"]), **ratio},
        "delta": known(row["delta"]),
        "effect": row["effect"] or None,
    }


def known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


_EMPTY = {**dict.fromkeys([*FIGURES, *RATIOS, "delta"], math.nan), "n": 0, "n_ratio": 0}
NOTHING = figures_json({**_EMPTY, "few": True, "effect": ""})
