"""How a backend's figures change along the axes of a sweep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from labkit.backends.own.names import rank, swept
from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.stats.programs import programs
from labkit.experiments.benchmark.stats.quantities import quantities

# What is drawn of a sweep, besides the first figure of each program that reports: with the
# intervals of its medians.
SHOWN = ("startup_s", "pss_bytes", "ops_per_s")
COLUMNS = ["setting", "value", "line", "backend", "engine", "quantity", "workload", "unit"]
COLUMNS += ["n", "median", "low", "high", "few"]


def scaling(run: Run) -> pd.DataFrame:
    """One row an axis (`setting`), its value, a line (a backend at one value of each other axis),
    quantity and workload: the columns of `quantities`, and of a program that reports its first
    figure's name as the quantity, in its unit. Empty where nothing was swept."""
    table = quantities(run)
    rows = [row for row in table.to_dict("records") if row["quantity"] in SHOWN]
    rows += _of_programs(run).to_dict("records")
    points = pd.DataFrame([point for row in rows for point in _along(row)], columns=COLUMNS)
    values = points.groupby("setting")["value"].nunique()
    axes = points[points["setting"].isin(values[values > 1].index)]
    places = axes.assign(place=[rank(value) for value in axes["value"]])
    places = places.sort_values(["setting", "line", "place"], kind="stable", ignore_index=True)
    return places[COLUMNS]


def _of_programs(run: Run) -> pd.DataFrame:
    table = programs(run)
    first = table.groupby("workload")["metric"].transform("first")
    return table[table["metric"] == first].rename(columns={"metric": "quantity"})


def _along(row: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    """A row for each axis that its backend lies on."""
    base, values = swept(str(row["backend"]))
    for setting, value in values.items():
        others = "".join(f":{name}={at}" for name, at in values.items() if name != setting)
        kept = {name: row[name] for name in COLUMNS if name in row}
        yield {**kept, "setting": setting, "value": value, "line": f"{base}{others}"}
