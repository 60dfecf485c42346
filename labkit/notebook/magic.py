"""The cell magic %%everywhere: a shell script of one's own behind every boundary."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from argparse import ArgumentParser
from html import escape
from pathlib import Path
from typing import Any, NoReturn

from labkit import everywhere, paths
from labkit.charts import units
from labkit.errors import LabError, UsageError
from labkit.everywhere import Answer, Question
from labkit.notebook.modes import mode

# For the recorded mode: live answers are kept in data/reference/everywhere when this is set.
RECORD = "LAB_RECORD"
CELL = 'style="text-align:left;vertical-align:top"'


class Answers:
    """The answers side by side; shown as a table."""

    def __init__(self, answers: list[Answer], note: str) -> None:
        self.answers = answers
        self.note = note

    def _repr_html_(self) -> str:
        heads = ("backend", "output", "exit status", "time", "peak memory (PSS)")
        head = "".join(f"<th {CELL}>{name}</th>" for name in heads)
        body = "".join(_row(answer) for answer in self.answers)
        return f"<table><tr>{head}</tr>{body}</table><p>{escape(self.note)}</p>"

    def __repr__(self) -> str:
        lines = [f"{a.backend}: {(a.out + a.err).strip() or a.trouble}" for a in self.answers]
        return "\n".join([*lines, self.note])


class _Words(ArgumentParser):
    """Tells what is wrong as an error of ours; argparse would end the kernel."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"%%everywhere: {message}", resolution=self.format_usage().strip())


def run_cell(line: str, cell: str) -> Answers | None:
    """What the magic does: `%%everywhere [BACKEND ...] [--seconds N] [--bytes N]`."""
    try:
        asked = _question(line, cell)
        return _recorded(asked) if mode() == "recorded" else _live(asked)
    except LabError as error:
        print(f"error: {error}")
        return None


def register(shell: Any) -> None:
    """Makes the magic known to an IPython."""
    shell.register_magic_function(run_cell, "cell", "everywhere")


def _question(line: str, cell: str) -> Question:
    words = _Words(prog="%%everywhere", add_help=False)
    words.add_argument("backends", nargs="*")
    words.add_argument("--seconds", type=int, default=10)
    words.add_argument("--bytes", type=int, default=8192)
    given = words.parse_args([word.strip(",") for word in shlex.split(line)])
    # In recorded mode nothing is asked of this computer, not even what it could run.
    names = given.backends or (["docker", "qemu"] if mode() == "recorded" else None)
    return everywhere.question(cell, names, seconds=given.seconds, output_bytes=given.bytes)


def _live(asked: Question) -> Answers:
    answers = everywhere.ask(asked)
    if os.environ.get(RECORD):
        _file(asked).parent.mkdir(parents=True, exist_ok=True)
        kept = [answer.model_dump() for answer in answers]
        text = json.dumps({"script": asked.script.text, "answers": kept}, indent=1)
        _file(asked).write_text(text + "\n", encoding="utf-8")
    return Answers(answers, "live: run on this computer a moment ago")


def _recorded(asked: Question) -> Answers:
    try:
        kept = json.loads(_file(asked).read_text(encoding="utf-8"))
        answers = [Answer.model_validate(answer) for answer in kept["answers"]]
    except FileNotFoundError:
        return Answers(
            [],
            "Nothing was started: LAB_MODE is recorded, and nobody has recorded "
            "what this script does.",
        )
    except (OSError, ValueError, KeyError) as error:
        raise UsageError("the recorded answers are damaged", details=str(error)) from error
    return Answers(answers, "recorded: nothing was started")


def _file(asked: Question) -> Path:
    key = hashlib.sha256(" ".join([asked.script.text, *asked.backends]).encode()).hexdigest()
    return paths.reference_dir() / "everywhere" / f"{key[:16]}.json"


def _row(answer: Answer) -> str:
    name = f"{answer.backend} ({answer.engine})" if answer.engine else answer.backend
    shown = escape(answer.out)
    if answer.err:
        shown += f'<span style="color:#b00">{escape(answer.err)}</span>'
    if answer.cut:
        shown += "<i>… cut here: --bytes N keeps more</i>"
    if answer.trouble:
        shown = f"<i>could not be run: {escape(answer.trouble)}</i>"
    cells = (
        escape(name),
        f'<pre style="margin:0;white-space:pre-wrap">{shown}</pre>',
        _status(answer),
        units.text(answer.seconds, units.time),
        units.text(answer.peak_pss_bytes, units.memory),
    )
    return "<tr>" + "".join(f"<td {CELL}>{cell}</td>" for cell in cells) + "</tr>"


def _status(answer: Answer) -> str:
    if answer.status is None:
        return units.UNKNOWN
    if answer.status == 137:
        return "137 (killed: the time limit?)"
    return str(answer.status)
