"""What the command prints: each script, and what it did behind each boundary."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from labkit import units
from labkit.experiments.shell.records import Answer, Question, ShellRecording
from labkit.notes import PSS_UNREAD
from labkit.recordings.reader import plain_rows
from labkit.text_table import text_width, wrapped

KILLED = 137  # 128 + SIGKILL
INDENT = "  "
NO_TEXT = "\N{REPLACEMENT CHARACTER}"


def answers_to(recording: ShellRecording, question: Question) -> list[Answer]:
    """What is recorded of a script behind these boundaries, in their order."""
    rows = [Answer.model_validate(row) for row in plain_rows(recording.answers)]
    by_backend = {row.backend: row for row in rows if row.script == question.id}
    return [by_backend[name] for name in question.backends if name in by_backend]


def answers_text(recording: ShellRecording) -> str:
    """All scripts with their answers, then what could not be started."""
    parts = ["\n".join(_part(recording, one)) for one in recording.manifest.plan.scripts.values()]
    left_out = [f"left out: {name}: {reason}" for name, reason in recording.left_out.items()]
    answers = recording.answers[recording.answers["error"].isna()]
    why = "\n".join(wrapped(f"{units.UNKNOWN}: {PSS_UNREAD}"))
    unread = [why] if answers["peak_pss_bytes"].isna().any() else []
    return "\n\n".join([*parts, *unread, *left_out])


def status(answer: Answer) -> str:
    """The exit status, with what it most likely means."""
    if answer.exit_status is None:
        return units.UNKNOWN
    return f"{answer.exit_status}" + (" (killed: the time limit?)" * (answer.exit_status == KILLED))


def _part(recording: ShellRecording, question: Question) -> Iterator[str]:
    yield from _indented(question.text, "$ ")
    for answer in answers_to(recording, question):
        yield from _answer(answer)


def _answer(answer: Answer) -> Iterator[str]:
    took = units.text(answer.duration_s, units.time)
    peak = units.text(answer.peak_pss_bytes, units.memory)
    facts = f"exit status {status(answer)}, {took}, peak memory (PSS) {peak}"
    yield f"{answer.backend} ({answer.engine}): {'could not be run' if answer.error else facts}"
    yield from _indented(answer.error or answer.stdout, INDENT)
    yield from _indented(answer.stderr, f"{INDENT}stderr: ")
    if answer.truncated:
        yield f"{INDENT}… cut here: --bytes N keeps more"


def _indented(text: str, indent: str) -> Iterator[str]:
    """Lines that fit; what would steer a terminal is no text."""
    for line in text.expandtabs().splitlines():
        plain = "".join(sign if sign.isprintable() else NO_TEXT for sign in line)
        for part in textwrap.wrap(plain, text_width() - len(indent), drop_whitespace=False) or [""]:
            yield f"{indent}{part}".rstrip()
