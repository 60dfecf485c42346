"""A run of programs that report: its figures, its text, its charts, its homework."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labkit.errors import UsageError
from labkit.experiments.benchmark import homework, integrity, programs, stats
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.figures import charts
from labkit.experiments.benchmark.homework.tidy import COLUMNS
from labkit.guest.programs import metrics_of
from labkit.guest.workload import parse_task
from labkit.measure.records import ProgramMetric, Report, Result
from labkit.record import Record
from tests.unit.charts.made_up import MadeUpRun, frame, make_run
from tests.unit.programs.samples import AB, FIO, SAMPLES

WORKLOADS = {"fio:rw=read": FIO, "nginx": AB, "python": SAMPLES["lines"]}
SLOWER = {"host": 1.0, "docker": 2.0, "qemu": 4.0}


@pytest.fixture
def run() -> MadeUpRun:
    made = make_run(n=5)
    rows: list[ProgramMetric] = []
    reports: list[Report] = []
    for trial in made.trials.itertuples():
        number, name = int(str(trial.trial)), str(trial.backend)
        place = {"trial": number, "backend": name}
        for workload, text in WORKLOADS.items():
            program = parse_task(workload).workload.program
            reports.append(Report(**place, workload=workload, program=program, text=text))
            for metric, unit, value in metrics_of(program, text):
                slower = SLOWER[name] * (1 + number / 1000)
                value = value * slower if unit == "us" else value / slower
                figures = {"metric": metric, "unit": unit, "value": value}
                rows.append(ProgramMetric(**place, workload=workload, **figures))
    made.metrics = frame(ProgramMetric, list[Record](rows))
    made.reports = frame(Report, list[Record](reports))
    plan = made.manifest.plan.model_copy(update={"workloads": tuple(WORKLOADS)})
    made.manifest = made.manifest.model_copy(update={"plan": plan})
    return made


def test_each_figure_has_its_ratio_in_the_same_block(run: MadeUpRun) -> None:
    table: Any = stats.programs(run).set_index(["backend", "workload", "metric"])
    assert table.loc[("docker", "fio:rw=read", "iops"), "median_ratio"] == pytest.approx(
        0.5, rel=0.02
    )
    assert table.loc[("qemu", "python", "start"), "median_ratio"] == pytest.approx(4, rel=0.02)
    row = table.loc[("host", "nginx", "requests")]
    assert row["min"] < row["median"] < row["max"] and row["std"] > 0 and row["n"] == 5


def test_workloads_keep_the_plans_order_and_figures_that_of_the_program(run: MadeUpRun) -> None:
    table = stats.programs(run)
    mine = table[table["backend"] == "host"]
    assert list(dict.fromkeys(mine["workload"])) == list(WORKLOADS)
    assert mine["metric"].iloc[0] == "iops"


def test_the_text_shows_of_each_program_its_first_figure_and_a_latency(run: MadeUpRun) -> None:
    text = "\n".join(programs.text(run))
    assert "iops" in text and "14,5" in text and "p99" in text
    assert "bandwidth" not in text and "0.50" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_run_without_programs_has_none_of_it() -> None:
    made = make_run(n=2)
    assert programs.text(made) == [] and stats.programs(made).empty
    assert "programs" not in charts(made, "made up")


def test_the_chart_says_where_less_is_better(run: MadeUpRun) -> None:
    drawn = charts(run, "made up")["programs"]
    assert "python, qemu (tcg) start 98.3 ms" in drawn.alt


def test_the_homework_is_a_page_a_table_and_the_raw_reports(run: MadeUpRun, tmp_path: Path) -> None:
    page = homework.write(run, tmp_path / "out", badge="made up")
    text = page.read_text(encoding="utf-8")
    for heading in ("Environment", "Method", "Results", "Threats to validity"):
        assert heading in text
    assert "fio: fio-3.33 behind each boundary" in text and "ab on the same computer" in text
    with (tmp_path / "out/homework.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS and {row["unit"] for row in rows} >= {"1/s", "us", "s", "bytes"}
    raw = {file.name: file.read_text() for file in (tmp_path / "out/raw").iterdir()}
    assert len(raw) == len(run.reports) and raw["trial-000-host-fio_rw=read.json"] == FIO


def test_other_versions_are_told(run: MadeUpRun, tmp_path: Path) -> None:
    texts = run.reports["text"].where(
        run.reports["backend"] != "qemu", run.reports["text"].str.replace("fio-3.33", "fio-3.39")
    )
    run.reports = run.reports.assign(text=texts)
    text = homework.write(run, tmp_path, badge="").read_text(encoding="utf-8")
    assert "fio: NOT the same" in text and "fio-3.39 (qemu)" in text


def test_without_programs_there_is_no_homework_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no program has reported"):
        EXPERIMENT.in_form(make_run(n=1), "homework", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_figure_without_a_report_is_a_fault() -> None:
    metrics = pd.DataFrame({"trial": [1, 1], "workload": ["fio", "nginx"]})
    reports = pd.DataFrame({"trial": [1], "workload": ["fio"]})
    assert list(integrity._without_report(metrics, reports)) == [
        "trial 1: there is no report of 'nginx'"
    ]


def test_what_was_measured_by_a_guests_wrong_clock_is_in_no_figure(run: MadeUpRun) -> None:
    rows = [
        Result(
            trial=int(str(report.trial)),
            backend=str(report.backend),
            workload=str(report.workload),
            unit="",
            ops=None,
            seconds=1.0,
            ops_per_s=None,
            guest_seconds=1.4 if report.backend == "qemu" else 1.0,
        )
        for report in run.reports.itertuples()
    ]
    run.results = frame(Result, list[Record](rows))
    table = stats.programs(run)
    inside = set(table[table["backend"] == "qemu"]["workload"])
    assert inside == {"nginx"}  # who asks it is on the host
    (sentence,) = programs.wrong_clocks(run)
    assert "fio:rw=read, python" in sentence and "up to 40 % too fast" in sentence
