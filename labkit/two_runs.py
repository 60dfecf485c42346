"""Two runs compared: whether they may be, what differs between them, what it changed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from labkit import charts, sameness, stats, units
from labkit.charts import Chart, notes
from labkit.comparison import Cell, aligned, legend
from labkit.errors import UsageError
from labkit.sameness import Difference
from labkit.stats.quantities import PER_SECOND
from labkit.store import Run

HEADINGS = ("", "A", "B", "B / A", "Cliff's delta")
MEANING = (
    "Medians; B / A is the ratio of the medians, in brackets its 95 % interval. Cliff's delta: 1 "
    "where each value of B is above each one of A, −1 where each is below, 0 where neither side is "
    "ahead. Where the interval holds 1, these trials cannot tell A from B."
)
CONDITIONS = ("busy", "steal")  # doubts about a whole run, which touch a comparison with it
FORCED = "FORCED: these runs may not be compared. Their figures differ for these reasons, too:"


@dataclass(frozen=True)
class TwoRuns:
    """Runs A and B, and the table of stats.compare."""

    first: Run
    second: Run
    table: pd.DataFrame
    obstacles: list[Difference]

    def text(self) -> str:
        """All of it for people, no wider than a terminal."""
        parts = [
            [*self._warning(), f"A: {name(self.first)}", f"B: {name(self.second)}"],
            self._differences(),
            aligned([Cell(text) for text in HEADINGS], self._rows()),
            [line for text in self._notes() for line in legend(text)],
        ]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)

    def json(self) -> dict[str, Any]:
        """All of it for scripts; what is not known is null."""
        one, two = self.first.manifest, self.second.manifest
        return {
            "first": {"run": one.run_id, "path": str(self.first.path.resolve())},
            "second": {"run": two.run_id, "path": str(self.second.path.resolve())},
            "forced": bool(self.obstacles),
            "obstacles": [vars(found) for found in self.obstacles],
            "host": [vars(found) for found in sameness.host_differences(one.host, two.host)],
            "versions": [vars(found) for found in sameness.version_differences(one, two)],
            "plan": [vars(found) for found in sameness.plan_differences(one, two)],
            "engines": sameness.engine_changes(one, two),
            "rows": [_plain(row) for row in self.table.to_dict("records")],
        }

    def chart(self) -> Chart:
        """What changed, as a figure; the warning stands on it, too."""
        badge = "\n".join(line.strip() for line in self._warning())
        return charts.compare(_shown(self.table), name(self.first), name(self.second), badge=badge)

    def _warning(self) -> list[str]:
        if not self.obstacles:
            return []
        return [FORCED, *(f"  {found}" for found in self.obstacles), ""]

    def _differences(self) -> list[str]:
        one, two = self.first.manifest, self.second.manifest
        found = [
            ("Computers", sameness.host_differences(one.host, two.host)),
            ("Versions", sameness.version_differences(one, two)),
            ("Plans", sameness.plan_differences(one, two)),
        ]
        lines = ["What differs (A and B):"]
        for title, differences in found:
            lines += [f"  {title}: {'' if differences else 'the same'}".rstrip()]
            lines += [f"    {difference}" for difference in differences]
        engines = sameness.engine_changes(one, two)
        return lines + [f"  Engine of {change}: in no figure below" for change in engines]

    def _rows(self) -> list[list[Cell]]:
        rows: list[list[Cell]] = []
        for (backend, engine), group in _shown(self.table).groupby(
            ["backend", "engine"], sort=False
        ):
            rows.append([Cell(f"{backend} ({engine})"), *[Cell("")] * 4])
            rows += [_row(row) for row in notes.rows_of(group)]
        return rows

    def _notes(self) -> list[str]:
        counted = self.table.assign(n=self.table["n_ratio"])
        unfinished = [
            f"{side} was broken off, or still goes on."
            for side, run in (("A", self.first), ("B", self.second))
            if run.ending is None
        ]
        disturbed = [
            f"{side}: {doubt.sentence}."
            for side, run in (("A", self.first), ("B", self.second))
            for doubt in stats.doubts(run)
            if doubt.kind in CONDITIONS
        ]
        texts = [MEANING, notes.caution(counted), notes.engines(counted), *unfinished, *disturbed]
        return [text for text in texts if text]


def compare(first: Run, second: Run, *, force: bool = False) -> TwoRuns:
    """UsageError, with every reason, where the figures of these runs may not stand side by side;
    `force` compares them all the same. A backend under another engine is left out even then."""
    obstacles = sameness.obstacles(first.manifest, second.manifest)
    if obstacles and not force:
        raise UsageError(
            "these runs may not be compared",
            details="\n".join(map(str, obstacles)),
            resolution="record one of them anew like the other; --force compares them all the same",
        )
    table = stats.compare(first, second)
    if table.empty:
        raise UsageError(
            "these runs have nothing in common to compare",
            details=f"A has {_backends(first)}; B has {_backends(second)}",
            resolution="name two runs that share a backend with the same engine",
        )
    return TwoRuns(first, second, table, obstacles)


def name(run: Run) -> str:
    """A run in a line: its id, day and computer."""
    return f"{run.manifest.run_id} · {charts.badge(run.manifest).split(' · ', 1)[1]}"


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Without what is always near one: host CPU per second says something of idle work only."""
    return table[(table["quantity"] != PER_SECOND) | (table["unit"] == "")]


def _row(row: Any) -> list[Cell]:
    unit = {"ops_per_s": f"    {row.unit}/s", "host_cpu_s_per_1000_ops": f"    s/1000 {row.unit}"}
    interval = units.interval_text(row.median_ratio, row.low_ratio, row.high_ratio, units.ratio)
    return [
        Cell(f"  {units.name(row.quantity, row.workload)}", unit.get(row.quantity, "")),
        Cell(units.amount(row.median_first, row.quantity), f"n = {row.n_first}"),
        Cell(units.amount(row.median_second, row.quantity), f"n = {row.n_second}"),
        Cell(units.text(row.median_ratio, units.ratio), interval.replace(" – ", "–")),
        Cell(f"{row.delta:+.2f}".replace("-", "−"), row.effect),
    ]


def _backends(run: Run) -> str:
    return ", ".join(f"{name} ({info.engine})" for name, info in run.manifest.backends.items())


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    values = {str(name): value for name, value in row.items()}
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in values.items()
    }
