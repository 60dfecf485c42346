"""A run of programs that report: its figures, its text, its charts."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from labkit import notes
from labkit.experiments.benchmark import (
    figures,
    integrity,
    programs,
    report,
    stats,
)
from labkit.experiments.benchmark.charts import program_bars
from labkit.experiments.benchmark.figures import charts
from labkit.experiments.benchmark.homework import page
from labkit.experiments.benchmark.homework.threats import threats
from tests.unit.charts.legible import assert_legible, words
from tests.unit.charts.made_up import MadeUpRun, make_run
from tests.unit.experiments.benchmark.made_up_programs import (
    WORKLOADS,
    trials_of,
    with_clocks,
    with_programs,
)
from tests.unit.programs.samples import IPERF3


@pytest.fixture
def run() -> MadeUpRun:
    return with_programs(make_run(n=5))


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


def test_what_tcp_says_of_its_way_to_a_forwarded_port_is_the_hosts_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = with_programs(make_run(n=5), {"iperf3": IPERF3})
    assert {"round_trip", "retransmits"} <= set(run.metrics["metric"])  # still recorded
    table = stats.programs(run)
    of_tcp = table[table["metric"].isin(["round_trip", "retransmits"])]
    assert set(of_tcp["backend"]) == {"host"} and len(of_tcp) == 2
    assert set(table[table["metric"] == "bandwidth"]["backend"]) == {"host", "docker", "qemu"}
    (sentence,) = programs.left_empty(run)
    assert "iperf3, round_trip and retransmits, of docker, qemu" in sentence
    monkeypatch.setattr(report, "charts", lambda *_: {})
    assert sentence in report.html(run, badge="").replace("&#39;", "'")
    assert sentence in threats(run)


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


def test_a_figure_without_a_report_is_a_fault() -> None:
    metrics = pd.DataFrame({"trial": [1, 1], "workload": ["fio", "nginx"]})
    reports = pd.DataFrame({"trial": [1], "workload": ["fio"]})
    assert list(integrity._without_report(metrics, reports)) == [
        "trial 1: there is no report of 'nginx'"
    ]


def test_what_was_measured_by_a_guests_wrong_clock_is_in_no_figure(run: MadeUpRun) -> None:
    mine = trials_of(run, "qemu")
    table = stats.programs(with_clocks(run, lambda trial, _: trial in mine))
    inside = set(table[table["backend"] == "qemu"]["workload"])
    assert inside == {"nginx"}  # who asks it is on the host
    (sentence,) = programs.wrong_clocks(run)
    assert "fio:rw=read, python of trials" in sentence and "up to 40 % too fast" in sentence


def test_it_is_told_of_which_trials_which_workload_is_left_out(
    run: MadeUpRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_ = trials_of(run, "qemu")
    with_clocks(run, lambda n, name: n == first or (n == second and name == "python"))
    (sentence,) = programs.wrong_clocks(run)
    assert f"fio:rw=read of trial {first}; python of trials {first}, {second}:" in sentence
    monkeypatch.setattr(report, "charts", lambda *_: {})
    page = report.html(run, badge="").replace("&#39;", "'")
    assert f"<p>{sentence}</p>" in page
    assert f"qemu, fio:rw=read of trial {first}." in programs.wrong_clock_note(run, ["fio:rw=read"])
    assert not programs.wrong_clock_note(run, ["nginx"])
    ((_, chart),) = figures._programs(run, "")
    assert "guest's clock was off" in words(chart)


def test_bars_of_many_settings_and_large_numbers_can_be_read(run: MadeUpRun) -> None:
    table = stats.programs(run)
    mine = programs.chief(table[table["workload"] == "fio:rw=read"], 0)
    panels = [
        mine.assign(
            workload=f"fio:{name}",
            **{figure: mine[figure] * times for figure in ("median", "low", "high")},
        )
        for name, times in (("rw=read", 1e-3), ("bs=1m", 0.1), ("bs=4k", 1.0), ("size=8m", 40.0))
    ]
    panels.append(mine.assign(workload="fio"))
    chart = program_bars(pd.concat(panels, ignore_index=True))
    assert_legible(chart.figure)
    titles = [axis.get_title(loc="left") for axis in chart.figure.axes]
    assert titles[-1] == "default settings"
    labels = [label.get_text() for label in chart.figure.axes[3].get_xticklabels()]
    assert all(label == "0" or label.endswith("k") for label in labels)
    chart = program_bars(table[table["metric"] == "bandwidth"].assign(median=1023.0 * 2**20))
    assert not any(
        label.get_text().endswith("k") for label in chart.figure.axes[0].get_xticklabels()
    )


def test_a_rows_figures_are_in_one_unit_and_the_interval_tells_it(run: MadeUpRun) -> None:
    table = stats.programs(run)
    row = notes.rows_of(table[(table["metric"] == "p99") & (table["backend"] == "docker")])[0]
    row = row._replace(min=334.0, median=1044.0, low=334.0, high=1100.0)
    cells = page._row(row)
    assert [cells[3], cells[7], cells[8]] == ["0.334 ms", "1.04 ms", "[0.33 – 1.10] ms"]


def test_of_a_run_that_counts_no_work_there_is_no_chart_of_it(run: MadeUpRun) -> None:
    def names() -> list[str]:
        return [name for name, _ in figures._cpu(run, "")]

    assert "cpu" in names()
    with_clocks(run, lambda *_: False)
    assert "cpu" not in names()
