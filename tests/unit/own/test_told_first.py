"""What images of one's own are is said before any figure."""

from __future__ import annotations

import pytest

from labkit.experiments.benchmark import integrity, report
from labkit.experiments.benchmark.table import table
from labkit.experiments.benchmark.text import cautions, own, table_text
from labkit.guest.programs import console
from labkit.measure.records import Report
from labkit.record import Record
from tests.unit.charts.made_up import MadeUpRun, frame, make_run

NAME = "docker:image=app:ready=tcp:80"


def with_own() -> MadeUpRun:
    run = make_run(n=3)
    facts = {"own image": "sha256:abc", "distribution": "Alpine 3.20"}
    backends = dict(run.manifest.backends)
    backends[NAME] = backends.pop("docker").model_copy(update={"configuration": facts})
    run.manifest = run.manifest.model_copy(update={"backends": backends})
    for rows in ("trials", "samples", "results", "milestones"):
        frame = getattr(run, rows)
        setattr(run, rows, frame.assign(backend=frame["backend"].replace("docker", NAME)))
    return run


def test_what_they_are_stands_above_the_table_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = with_own()
    said = own(run)
    assert "sha256:abc (Alpine 3.20)" in said and said not in cautions(run, table(run))
    lines = table_text(run).splitlines()
    heading = next(n for n, line in enumerate(lines) if "startup" in line)
    assert "sha256:abc" in " ".join(lines[:heading])
    assert "sha256:abc" not in " ".join(lines[heading:])
    monkeypatch.setattr(report, "charts", lambda *_: {})
    page = report.html(run, badge="")
    assert page.index("sha256:abc") < page.index("<table>") and "The same bits" not in page


def test_a_machine_s_own_kernel_is_named_where_its_console_has_told_it() -> None:
    run = with_own()
    text = "Linux version 6.1.0-32-amd64\nWelcome to Debian GNU/Linux 12 (bookworm)\n"
    told = [
        Report(trial=trial, backend=NAME, workload=console.NAME, program=console.NAME, text=text)
        for trial in run.trials[run.trials["backend"] == NAME]["trial"]
    ]
    run.reports = frame(Report, list[Record](told))
    system = "«Welcome to Debian GNU/Linux 12 (bookworm)»"
    named = f"on its console: «Linux version 6.1.0-32-amd64», {system}."
    assert named in own(run)
    tables = {name: getattr(run, name) for name in ("metrics", "reports", "milestones", "results")}
    tables |= {"requests": run.requests}
    assert not [
        why for why in integrity._unknown_names(run.manifest, tables) if why[0] == "reports"
    ]


def test_without_any_nothing_is_said() -> None:
    run = make_run(n=2)
    assert own(run) == "" and table_text(run).splitlines()[0].strip()
