"""The cell magic %%everywhere: a shell script of one's own behind every boundary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from labkit import units
from labkit.backends.table import make_backend
from labkit.errors import LabError
from labkit.experiments.engine import measure
from labkit.experiments.shell import cells
from labkit.experiments.shell.experiment import EXPERIMENT
from labkit.experiments.shell.plan import ShellOptions
from labkit.experiments.shell.records import Answer, Question
from labkit.experiments.shell.text import answers_to, status
from labkit.experiments.table import load
from labkit.measure.session import require
from labkit.notebook.modes import mode
from labkit.notes import PSS_UNREAD

NOT_RECORDED = (
    "Nothing was started: LAB_MODE is recorded, and nobody has recorded what this script does."
)
CELL = 'style="text-align:left;vertical-align:top"'


@dataclass(frozen=True, repr=False)
class Answers:
    """The answers side by side, and backend → why there is none; shown as a table."""

    answers: list[Answer]
    note: str
    left_out: Mapping[str, str] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        heads = ("backend", "output", "exit status", "time", "peak memory (PSS)")
        head = "".join(f"<th {CELL}>{name}</th>" for name in heads)
        body = "".join(_row(answer) for answer in self.answers)
        body += "".join(_cells(name, _why(reason)) for name, reason in self.left_out.items())
        unread = any(a.peak_pss_bytes is None and not a.error for a in self.answers)
        why = f"<p>{units.UNKNOWN}: {PSS_UNREAD}</p>" if unread else ""
        return f"<table><tr>{head}</tr>{body}</table>{why}<p>{escape(self.note)}</p>"

    def __repr__(self) -> str:
        lines = [
            f"{a.backend}: {(a.stdout + a.stderr).strip() or a.error or ''}" for a in self.answers
        ]
        lines += [f"{name}: {reason}" for name, reason in self.left_out.items()]
        return "\n".join([*lines, self.note])


def run_cell(line: str, cell: str) -> Answers | None:
    """What the magic does: `%%everywhere [BACKEND ...] [--packages NAMES] …`."""
    try:
        return {"live": _live, "recorded": _recorded, "auto": _either}[mode()](line, cell)
    except LabError as error:
        print(f"error: {error}")
        return None


def register(shell: Any) -> None:
    """Makes the magic known to an IPython."""
    shell.register_magic_function(run_cell, "cell", "everywhere")


def _live(line: str, cell: str) -> Answers:
    return _measured(cells.of_cell(line, cell), cells.packages_of(line))


def _measured(asked: Question, packages: tuple[str, ...]) -> Answers:
    recording = measure(EXPERIMENT, ShellOptions(questions=(asked,), packages=packages))
    if failure := EXPERIMENT.failure(recording):
        raise failure
    note = "live: run on this computer a moment ago"
    return Answers(answers_to(recording, asked), note, recording.left_out)


def _recorded(line: str, cell: str) -> Answers:
    """Nothing is asked of this computer, not even what it could run."""
    asked = cells.of_cell(line, cell, cells.RECORDED)
    answers = answers_to(load(EXPERIMENT.reference), asked)
    if not answers:
        return Answers([], NOT_RECORDED)
    others = [name for name in asked.backends if name not in {row.backend for row in answers}]
    left_out = dict.fromkeys(others, "nobody has recorded it there")
    return Answers(answers, "recorded: nothing was started", left_out)


def _either(line: str, cell: str) -> Answers:
    """Live where all that the cell names can be started; otherwise what was recorded of it, with
    the reason. Where nothing was recorded, what can be started."""
    recorded = _recorded(line, cell)
    try:
        asked = cells.of_cell(line, cell)
        for name in asked.backends if recorded.answers else ():
            require(name, make_backend(name))
        return _measured(asked, cells.packages_of(line))
    except LabError as error:
        if not recorded.answers:
            raise
        return replace(recorded, note=f"recorded: it could not be run here: {error}")


def _row(answer: Answer) -> str:
    shown = escape(answer.stdout)
    if answer.stderr:
        shown += f'<span style="color:var(--jp-error-color1,#b00)">{escape(answer.stderr)}</span>'
    if answer.truncated:
        shown += "<i>… cut here: --bytes N keeps more</i>"
    return _cells(
        f"{answer.backend} ({answer.engine})",
        _why(answer.error) if answer.error else shown,
        status(answer),
        units.text(answer.duration_s, units.time),
        units.text(answer.peak_pss_bytes, units.memory),
    )


def _why(reason: str) -> str:
    return f"<i>could not be run: {escape(reason)}</i>"


def _cells(name: str, shown: str, *more: str) -> str:
    pre = f'<pre style="margin:0;white-space:pre-wrap">{shown}</pre>'
    columns = (escape(name), pre, *(more or [units.UNKNOWN] * 3))
    return "<tr>" + "".join(f"<td {CELL}>{cell}</td>" for cell in columns) + "</tr>"
