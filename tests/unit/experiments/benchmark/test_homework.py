"""The page of a run for a course: what it says, what it leaves empty, what is handed in."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labkit import notes, units
from labkit.errors import UsageError
from labkit.experiments.benchmark import (
    anonymous,
    homework,
    report,
    stats,
)
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.figures import charts
from labkit.experiments.benchmark.homework import boundaries, page
from labkit.experiments.benchmark.homework.commands import COMMANDS, TESTS, command, described
from labkit.experiments.benchmark.homework.storage import storage
from labkit.experiments.benchmark.homework.threats import threats
from labkit.experiments.benchmark.homework.tidy import COLUMNS
from labkit.experiments.benchmark.stats.quantities import by_trial
from labkit.guest.programs import metrics_of
from labkit.guest.workload import all_workloads, parse_task, workload_files
from labkit.measure import clients
from tests.ballast import held_bytes
from tests.unit.charts.legible import words
from tests.unit.charts.made_up import MadeUpRun, make_run
from tests.unit.experiments.benchmark.made_up_programs import (
    WORKLOADS,
    trials_of,
    with_clocks,
    with_programs,
)
from tests.unit.programs.samples import FIO, IPERF3


@pytest.fixture
def run() -> MadeUpRun:
    return with_programs(make_run(n=5))


def test_the_homework_says_what_lies_below_fio(run: MadeUpRun) -> None:
    facts = {"host": {"scratch_file_system": "xfs"}, "docker": {}, "qemu": {"disk_cache": "none"}}
    infos = {
        name: one.model_copy(update={"configuration": facts[name]})
        for name, one in run.manifest.backends.items()
    }
    run.manifest = run.manifest.model_copy(update={"backends": infos})
    rows = {name: cells for name, *cells in storage(run)}
    assert rows["host"][0] == "xfs" and rows["docker"][0] == "not recorded"
    assert rows["qemu"][0].startswith("ext2") and "cache=none" in rows["qemu"][1]
    assert storage(with_programs(make_run(n=1), {"iperf3": IPERF3})) == []


def test_the_homework_is_a_page_a_table_and_the_raw_reports(run: MadeUpRun, tmp_path: Path) -> None:
    written = homework.write(run, tmp_path / "out", badge="made up")
    text = written.read_text(encoding="utf-8")
    for heading in ("Environment", "Method", "Results", "Threats to validity"):
        assert heading in text
    assert "fio: fio-3.33 behind each boundary" in text and "ab on the same computer" in text
    with (tmp_path / "out/homework.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS and {row["unit"] for row in rows} >= {"1/s", "us", "s", "bytes"}
    raw = {file.name: file.read_text() for file in (tmp_path / "out/raw").iterdir()}
    assert len(raw) == len(run.reports) and raw["trial-000-host-fio_rw=read.json"] == FIO


def test_a_program_that_failed_behind_a_boundary_is_told_with_its_own_reason() -> None:
    label = "fio:rw=read:bs=1m"
    run = replace(with_programs(make_run(n=1)), left_out={f"qemu, {label}": "no room in it"})
    others = stats.programs(run).query("backend != 'qemu'")
    assert boundaries.absent(run, label, others) == [("qemu (tcg)", "no room in it")]


def test_a_boundary_without_a_good_trial_is_named_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "_charts", lambda *_: iter(()))
    run = with_programs(make_run(n=2, failed=(2, 5)))  # both of qemu
    assert "fio: fio-3.33 behind docker, host" in page._versions(run)
    ((label, reason),) = boundaries.absent(run, "nginx", stats.programs(run))
    assert label == "qemu (tcg)" and reason.startswith("no good trial: ")
    rows = {row[0]: row[5:] for row in boundaries.boundaries(run)}
    assert rows["qemu"] == ["2", "2", "0"] and rows["host"] == ["2", "2", "2"]
    text = page.html(run, badge="")
    assert text.count(f'<td colspan="8">{escape(reason)}') == len(WORKLOADS) + 1


def test_the_page_has_places_to_write_in_numbers_and_references(
    run: MadeUpRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = charts(run, "")["programs"]
    monkeypatch.setattr(page, "_charts", lambda *_: iter((chart, chart)))
    packages = {"fio": "3.33-3", "apache2-utils": "2.4.62-1"}
    run.manifest = run.manifest.model_copy(update={"packages": packages})
    text = page.html(run, badge="")
    for field in ("Name", "Course", "Date", "Question and hypothesis", "Discussion", "Conclusion"):
        assert f'aria-label="{field}"></div>' in text
    tables = re.findall(r"<caption>Table (\d+)\.", text)
    assert tables == [str(n + 1) for n in range(len(tables))]
    own = text.count("<table") - 2  # but for the two charts' data tables, which are not printed
    assert own == len(tables)
    assert re.findall(r"<figcaption>Figure (\d+)\.", text) == ["1", "2"]
    assert "apache2-utils, Debian package 2.4.62-1." in text and "Efron" in text
    assert boundaries.took(run) == "5 min"
    assert all(sentence[0] == sentence[0].upper() for sentence in threats(run))
    assert any(sentence.startswith("With n = 5, ") for sentence in threats(run))


def test_of_a_single_trial_nothing_is_blank() -> None:
    run = with_programs(make_run(n=1))
    tables = [rows for _, rows, _ in page._results(run, stats.programs(run))]
    assert tables and all(cell for rows in tables for row in rows for cell in row)


def test_what_is_handed_in_names_neither_computer_nor_user(
    run: MadeUpRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anonymous, "names", lambda: frozenset({"annas-laptop", "anna"}))
    told = FIO.replace("{", '{"x": "/home/anna/y", "system_info": "Linux annas-laptop 6.1",', 1)
    run = with_programs(run, {"fio": told})
    run = replace(run, left_out={"docker, fio": "annas-laptop: no room in /home/anna/x"})
    homework.write(run, tmp_path / "out", badge="made up")
    for file in (tmp_path / "out").rglob("*.*"):
        text = file.read_text(encoding="utf-8")
        assert "anna" not in text, file
        if file.parent.name == "raw":
            assert json.loads(text)["x"] == "PATH"
            assert metrics_of("fio", text) == metrics_of("fio", told)
    assert "NAME" in (tmp_path / "out/homework.html").read_text(encoding="utf-8")


def test_the_homework_holds_what_the_lab_has_counted(run: MadeUpRun) -> None:
    rows = [row[0:3] for row in page._of_the_lab(run)]
    assert ["startup", "qemu (tcg)", "5"] in rows and ["cpu (MiB/s)", "qemu (tcg)", "5"] in rows
    assert len(rows) == len({tuple(row) for row in rows})


def test_the_page_that_a_run_has_besides_is_known(tmp_path: Path) -> None:
    run: Any = SimpleNamespace(path=tmp_path)
    assert EXPERIMENT.further_pages(run) == {}
    page = tmp_path / "homework/homework.html"
    page.parent.mkdir()
    page.touch()
    assert EXPERIMENT.further_pages(run) == {"homework": page}


def test_the_kernel_of_machines_is_noted_and_shown(run: MadeUpRun, tmp_path: Path) -> None:
    session: Any = SimpleNamespace(image=SimpleNamespace(kernel_version="6.1.0-50-cloud-amd64"))
    facts = EXPERIMENT.facts(run.manifest.plan, session)
    assert list(facts["versions"].values()) == ["6.1.0-50-cloud-amd64"]
    run.manifest = run.manifest.model_copy(update=facts)
    text = homework.write(run, tmp_path, badge="").read_text(encoding="utf-8")
    assert "6.1.0-50-cloud-amd64" in text


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


def test_a_homework_has_bars_of_each_programs_latency_and_says_why_some_are_missing(
    run: MadeUpRun,
) -> None:
    mine = trials_of(run, "qemu")
    table = stats.programs(with_clocks(run, lambda trial, _: trial in mine))
    drawn = list(page._charts(run, table, ""))
    axes = [[axis.get_xlabel() for axis in chart.figure.axes] for chart in drawn[:5]]
    assert axes == [
        ["iops (1/s)"],
        ["p99 (ms)"],
        ["requests (1/s)"],
        ["p99 (ms)"],
        ["start (ms)"],
    ]
    missing = ["guest's clock was off" in words(chart) for chart in drawn[:5]]
    assert missing == [True, True, False, False, True]


def test_startup_and_memory_have_all_figures_of_the_others(run: MadeUpRun) -> None:
    rows = list(page._of_the_lab(run))
    assert [row[:2] for row in rows[:2]] == [
        ["startup", "host (native)"],
        ["startup", "docker (native)"],
    ]
    table = stats.quantities(run).set_index(["quantity", "backend"])
    values = by_trial(run).query("quantity == 'startup_s' and backend == 'docker'")["value"]
    assert rows[1][3] == units.text(values.min(), units.time) != rows[1][4]
    assert rows[1][7] == units.text(table.loc[("startup_s", "docker"), "median"], units.time)
    assert all(len(row) == len(page._row(notes.rows_of(stats.programs(run))[0])) for row in rows)


def test_the_command_line_has_the_options_of_the_workload_and_of_its_client() -> None:
    source = Path(clients.__file__).read_text(encoding="utf-8")
    with_programs = {name for name, one in all_workloads().items() if one.packages}
    assert set(COMMANDS) == with_programs
    for name in COMMANDS:
        files = workload_files()[name].read_text(encoding="utf-8") + source
        shown = command(parse_task(name), 1.5)
        options = re.findall(r"(?:^|\s)(-[\w-]+)", shown)
        assert options and all(option in files for option in options), shown
    assert "--invalidate=0 --pre_read=1" in command(parse_task("fio:cache=warm"), 1.0)
    assert "--runtime=1500ms" in command(parse_task("fio"), 1.5)
    assert (
        command(parse_task("nginx:keepalive=1"), 1.0)
        == "ab -q -r -t 1 -n 1000000 -c 4 -e FILE -k URL; nginx -e stderr -p . -c nginx.conf"
    )


def test_each_workload_is_described_by_what_its_settings_make_of_it() -> None:
    assert described(parse_task("fio")) == "random reads of one file, one at a time"
    assert described(parse_task("fio:rw=write")) == "sequential writes of one file, one at a time"
    assert described(parse_task("iperf3:reverse=1")) == "one TCP stream out of the instance"
    tests = {described(parse_task(f"sysbench:test={test}")) for test in TESTS}
    head = workload_files()["sysbench"].read_text(encoding="utf-8")
    assert len(tests) == 4 and f"# test={'|'.join(TESTS)}" in head
    for name in COMMANDS:
        assert described(parse_task(name)) != name


def test_a_workload_that_this_lab_does_not_know_is_shown_too(
    run: MadeUpRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_charts", lambda *_: iter(()))
    monkeypatch.setattr(report, "charts", lambda *_: {})
    named = {"workload": {"python": "own1:size=3"}}
    run.metrics, run.reports = run.metrics.replace(named), run.reports.replace(named)
    plan = run.manifest.plan
    plan = plan.model_copy(update={"workloads": ("own1:size=3", *plan.workloads[:2])})
    run.manifest = run.manifest.model_copy(update={"plan": plan})
    assert next(row[::2] for row in page._programs(run)) == ("own1:size=3", "size=3")
    assert "own1:size=3" in homework.write(run, tmp_path, badge="").read_text(encoding="utf-8")
    assert held_bytes(plan) is None and EXPERIMENT.page(run, "") and EXPERIMENT.told(run)
