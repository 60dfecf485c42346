"""systemd's view of a boot beside ours: figures, text, page; and that a recording may hold it."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.experiments.benchmark import boot, integrity, programs, report, stats
from labkit.experiments.benchmark.comparability import obstacles
from labkit.experiments.benchmark.figures import charts
from labkit.experiments.benchmark.homework import page
from labkit.experiments.benchmark.records import KERNEL
from labkit.guest.programs import metrics_of
from labkit.measure.records import ProgramMetric, Report
from labkit.record import Record
from labkit.recordings.facts import BackendInfo
from tests.unit.charts.made_up import MadeUpRun, frame, make_run
from tests.unit.programs.samples import SYSTEMD, SYSTEMD_CONTAINER

PROGRAM = "systemd-analyze"
NAMES = {
    "host": "docker:distribution=plain",
    "docker": "nspawn:distribution=booted",
    "qemu": "qemu:distribution=booted",
}
TEXTS = {NAMES["docker"]: SYSTEMD_CONTAINER, NAMES["qemu"]: SYSTEMD}
FACTS = {
    "distribution": "Debian GNU/Linux 12 (bookworm) 12.9",
    "distribution digest": "ab" * 32,
    "distribution packages": "179",
}


@pytest.fixture
def run() -> MadeUpRun:
    made = make_run(n=3)
    for name in ("trials", "milestones", "results", "samples", "requests"):
        table = getattr(made, name)
        setattr(made, name, table.assign(backend=table["backend"].replace(NAMES)))
    made.trials["startup_s"] += 30.0
    rows: list[ProgramMetric] = []
    reports: list[Report] = []
    for trial in made.trials.itertuples():
        place: dict[str, Any] = {"trial": int(str(trial.trial)), "backend": str(trial.backend)}
        if text := TEXTS.get(str(trial.backend)):
            reports.append(Report(**place, workload=PROGRAM, program=PROGRAM, text=text))
            for metric, unit, value in metrics_of(PROGRAM, text):
                figure = {"metric": metric, "unit": unit, "value": value}
                rows.append(ProgramMetric(**place, workload=PROGRAM, **figure))
    made.metrics = frame(ProgramMetric, list[Record](rows))
    made.reports = frame(Report, list[Record](reports))
    infos = {
        NAMES[name]: info.model_copy(update={"configuration": FACTS})
        for name, info in made.manifest.backends.items()
        if name in NAMES
    }
    plan = made.manifest.plan.model_copy(update={"backends": tuple(infos)})
    made.manifest = made.manifest.model_copy(update={"plan": plan, "backends": infos})
    return made


def test_the_difference_is_of_each_trial(run: MadeUpRun) -> None:
    table: Any = stats.boot(run).set_index(["backend", "figure"])
    qemu, container = NAMES["qemu"], NAMES["docker"]
    assert table.loc[(qemu, "total"), "median_s"] == pytest.approx(22.798)
    assert table.loc[(qemu, "kernel"), "median_s"] == pytest.approx(5.761)
    ours = table.loc[(qemu, "ours"), "median_s"]
    assert table.loc[(qemu, "difference"), "median_s"] == pytest.approx(ours - 22.798)
    assert (qemu, "before_kernel") in table.index
    assert (container, "kernel") not in table.index
    assert set(stats.boot(run)["n"]) == {3}


def test_who_has_no_systemd_has_our_view_only(run: MadeUpRun) -> None:
    table = stats.boot(run)
    assert list(table[table["backend"] == NAMES["host"]]["figure"]) == ["ours"]
    headings, rows = boot.shown(run)
    (plain,) = (row for row in rows if row[0].startswith("docker:plain"))
    assert headings[1] == "ours" and set(plain[2:]) == {"–"}


def test_the_text_says_why_they_differ(run: MadeUpRun) -> None:
    lines = boot.text(run)
    text = "\n".join(lines)
    assert all(len(line) <= 100 for line in lines)
    assert "22.8 s" in text and "agetty waits a second" in text and "firmware" in text
    assert PROGRAM not in "\n".join(programs.text(run))  # it is told once
    assert "22.8 s" in report.html(run, badge="made up")


def test_its_homework_names_the_distribution_and_not_the_lab_image(
    run: MadeUpRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_charts", lambda *_: iter(()))
    text = page.html(run, badge="")
    assert run.manifest.image_digest not in text and KERNEL not in text
    assert "one root file system behind each boundary" in text
    assert "until a distribution’s login prompt is there; memory" in text


def test_a_system_in_which_a_unit_failed_is_told(run: MadeUpRun) -> None:
    failed = "system is degraded\nfoo.service loaded failed failed Foo\n"
    texts = run.reports["text"].where(
        run.reports["backend"] != NAMES["qemu"],
        run.reports["text"].str.replace("system is running\n", failed),
    )
    assert boot.degraded(run) == []
    run.reports = run.reports.assign(text=texts)
    assert boot.degraded(run) == ["In qemu:booted the system was degraded: foo.service."]


def test_it_is_said_what_was_installed_and_whether_it_is_the_same(run: MadeUpRun) -> None:
    assert "abababababab: one root file system" in boot.installed(run)
    info = run.manifest.backends[NAMES["qemu"]]
    other = {**FACTS, "distribution digest": "cd" * 32}
    infos: dict[str, BackendInfo] = {
        **run.manifest.backends,
        NAMES["qemu"]: info.model_copy(update={"configuration": other}),
    }
    one, run.manifest = run.manifest, run.manifest.model_copy(update={"backends": infos})
    assert [found.what for found in obstacles(one, run.manifest)] == [
        "bits of qemu:distribution=booted"
    ]
    assert "NOT the same bits" in boot.installed(run)


def test_a_recording_may_hold_it_without_a_workload_of_the_plan(run: MadeUpRun) -> None:
    tables = {"metrics": run.metrics, "reports": run.reports, "milestones": run.milestones}
    tables |= {"results": run.results, "requests": run.requests}
    assert not list(integrity._unknown_names(run.manifest, tables))
    assert "programs" in charts(run, "made up")


def test_a_run_without_a_distribution_has_none_of_it() -> None:
    made = make_run(n=2)
    assert stats.boot(made).empty and boot.text(made) == [] and boot.installed(made) == ""
