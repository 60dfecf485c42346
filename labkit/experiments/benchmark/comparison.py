"""Two runs compared: whether they may be, what differs between them, what it changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from labkit import notes, units
from labkit.errors import UsageError
from labkit.experiments.benchmark import data_quality, programs, stats
from labkit.experiments.benchmark.comparability import (
    held_otherwise,
    obstacles,
    other_work,
    plan_differences,
    shared_trials,
)
from labkit.experiments.benchmark.records import Run
from labkit.experiments.benchmark.same_work import option_differences
from labkit.experiments.benchmark.stats.cpu import PER_SECOND
from labkit.recordings import comparability
from labkit.recordings.comparability import Difference
from labkit.recordings.reader import plain_rows
from labkit.text_table import WIDTH, aligned, stacked, wrapped

if TYPE_CHECKING:
    from labkit.charts import Chart

HEADINGS = ("", "A", "B", "B / A", "Cliff's delta")
MEANING = (
    "Medians; B / A is the ratio of the medians, in brackets its 95 % interval. Cliff's delta: 1 "
    "where each value of B is above each one of A, −1 where each is below, 0 where neither side is "
    "ahead. Where the interval holds 1, these trials cannot tell A from B."
)
# Issues of a whole run, which touch a comparison with it.
CONDITIONS = ("limits", "disturbed", "busy", "steal")
MEMORY_OF_OTHER_WORK = (
    "Memory is left out: it was read while other workloads ran, and each leaves its own behind."
)
PROGRAMS_MEAN = (
    "Programs report of themselves: of each its first figure and a latency. Of a time (ms, µs) "
    "less is better, of all else more. All figures: --json."
)
FORCED = "FORCED: these runs may not be compared. Their figures differ for these reasons, too:"


@dataclass(frozen=True)
class TwoRuns:
    """Runs A and B, and the tables of stats.compare and stats.compare_programs."""

    first: Run
    second: Run
    table: pd.DataFrame
    programs: pd.DataFrame
    obstacles: list[Difference]

    def text(self) -> str:
        """All of it for people, no wider than a terminal."""
        parts = [
            [*self._warning(), *self._same(), f"A: {name(self.first)}", f"B: {name(self.second)}"],
            self._differences(),
            aligned([HEADINGS, *self._rows()], width=WIDTH),
            [line for text in self._notes() for line in wrapped(text)],
        ]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)

    def json(self) -> dict[str, Any]:
        """All of it for scripts; what is not known is null."""
        one, two = self.first.manifest, self.second.manifest
        return {
            "first": {"run": one.recording_id, "path": str(self.first.path.resolve())},
            "second": {"run": two.recording_id, "path": str(self.second.path.resolve())},
            "shared_trials": shared_trials(self.first, self.second),
            "forced": bool(self.obstacles),
            "obstacles": [vars(each) for each in self.obstacles],
            "host": [vars(each) for each in comparability.host_differences(one.host, two.host)],
            "versions": [vars(each) for each in comparability.version_differences(one, two)],
            "configuration": [
                vars(each) for each in comparability.configuration_differences(one, two)
            ],
            "plan": [vars(each) for each in plan_differences(one, two)],
            "program_options": [vars(each) for each in option_differences(one, two)],
            "engines": comparability.engine_changes(one, two),
            "rows": plain_rows(self.table),
            "programs": plain_rows(self.programs),
        }

    def chart(self) -> Chart:
        """What changed, as a figure; the warning stands on it, too."""
        from labkit.experiments.benchmark import charts

        badge = "\n".join(line.strip() for line in self._warning())
        reported = programs.chiefs(self.programs).rename(columns={"metric": "quantity"})
        table = pd.concat([_shown(self.table), reported], ignore_index=True)
        return charts.compare(table, name(self.first), name(self.second), badge=badge)

    def _warning(self) -> list[str]:
        if not self.obstacles:
            return []
        return [FORCED, *(f"  {obstacle}" for obstacle in self.obstacles), ""]

    def _same(self) -> list[str]:
        """Whether one of them is the other one, or a copy of it."""
        shared = shared_trials(self.first, self.second)
        if not shared:
            return []
        every = shared == len(self.first.trials) == len(self.second.trials)
        text = (
            "A and B are the same run, or one is a copy of the other: this compares it with itself."
            if every
            else f"A and B are one run at two moments: {shared} trials are in both."
        )
        return [*wrapped(text), ""]

    def _differences(self) -> list[str]:
        one, two = self.first.manifest, self.second.manifest
        sections = [
            ("Computers", comparability.host_differences(one.host, two.host)),
            ("Versions", comparability.version_differences(one, two)),
            ("Configurations", comparability.configuration_differences(one, two)),
            ("Plans", plan_differences(one, two)),
        ]
        lines = ["What differs (A and B):"]
        for title, differences in sections:
            lines += [f"  {title}: {'' if differences else 'the same'}".rstrip()]
            lines += [f"    {difference}" for difference in differences]
        unlike = [f"Engine of {change}" for change in comparability.engine_changes(one, two)]
        unlike += [f"Options of {difference}" for difference in option_differences(one, two)]
        return lines + [f"  {each}: in no figure below" for each in unlike]

    def _rows(self) -> list[list[str]]:
        rows: dict[str, list[list[str]]] = {}
        tables = ((_shown(self.table), _own), (programs.chiefs(self.programs), _reported))
        for table, cells in tables:
            for row in notes.rows_of(table):
                label = units.label(row.backend, row.engine)
                mine = rows.setdefault(label, [[label, *[""] * 4]])
                mine.append(_row(row, *cells(row)))
        return [row for of_backend in rows.values() for row in of_backend]

    def _notes(self) -> list[str]:
        counted = pd.concat([self.table, self.programs])
        counted["n"] = counted["n_ratio"]
        unfinished = [
            f"{side} was broken off, or still goes on."
            for side, run in (("A", self.first), ("B", self.second))
            if run.ending is None
        ]
        disturbed = [
            f"{side}: {issue.sentence}."
            for side, run in (("A", self.first), ("B", self.second))
            for issue in data_quality.quality_issues(run)
            if issue.kind in CONDITIONS
        ]
        if other_work(self.first.manifest, self.second.manifest):
            unfinished.append(MEMORY_OF_OTHER_WORK)
        unfinished += [
            f"{side}: {sentence}"
            for side, run in (("A", self.first), ("B", self.second))
            for sentence in programs.left_empty(run)
        ]
        meaning = MEANING if self.programs.empty else f"{MEANING} {PROGRAMS_MEAN}"
        texts = [meaning, notes.caution(counted), notes.engines(counted), *unfinished, *disturbed]
        return [text for text in texts if text]


def compare(first: Run, second: Run, *, force: bool = False) -> TwoRuns:
    """UsageError, with every reason, where the figures of these runs may not stand side by side;
    `force` compares them all the same. A backend under another engine is left out even then."""
    reasons = obstacles(first.manifest, second.manifest) + held_otherwise(first, second)
    if reasons and not force:
        raise UsageError(
            "these runs may not be compared",
            details="\n".join(map(str, reasons)),
            resolution="record one of them anew like the other; --force compares them all the same",
        )
    table = stats.compare(first, second)
    if other_work(first.manifest, second.manifest):
        table = table[table["quantity"] != "pss_bytes"].reset_index(drop=True)
    reported = stats.compare_programs(first, second)
    if table.empty and reported.empty:
        raise UsageError(
            "these runs have nothing in common to compare",
            details=f"A has {_backends(first)}; B has {_backends(second)}",
            resolution="name two runs that share a backend with the same engine",
        )
    return TwoRuns(first, second, table, reported, reasons)


def name(run: Run) -> str:
    """A run in a line: its id, day and computer."""
    return f"{run.manifest.recording_id} · {notes.badge(run.manifest).split(' · ', 1)[1]}"


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """Without what is always near one: host CPU per second says something of idle work only."""
    return table[(table["quantity"] != PER_SECOND) | (table["unit"] == "")]


def _own(row: Any) -> tuple[str, Callable[[float], str]]:
    """What one of the lab's own quantities is called, and how its values are shown."""
    unit = {"ops_per_s": f"    {row.unit}/s", "host_cpu_s_per_1000_ops": f"    s/1000 {row.unit}"}
    called = stacked(f"  {units.name(row.quantity, row.workload)}", unit.get(row.quantity, ""))
    return called, lambda value: units.amount(value, row.quantity)


def _reported(row: Any) -> tuple[str, Callable[[float], str]]:
    """The same of a program's figure."""
    scale = units.METRICS[row.unit]
    return stacked(f"  {row.workload}", f"    {row.metric}"), lambda value: units.text(value, scale)


def _row(row: Any, called: str, shown: Callable[[float], str]) -> list[str]:
    interval = units.interval_text(row.median_ratio, row.low_ratio, row.high_ratio, units.ratio)
    return [
        called,
        stacked(shown(row.median_first), f"n = {row.n_first}"),
        stacked(shown(row.median_second), f"n = {row.n_second}"),
        stacked(units.text(row.median_ratio, units.ratio), interval.replace(" – ", "–")),
        stacked(f"{row.delta:+.2f}".replace("-", "−"), row.effect),
    ]


def _backends(run: Run) -> str:
    return ", ".join(f"{name} ({info.engine})" for name, info in run.manifest.backends.items())
