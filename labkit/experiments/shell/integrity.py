"""Whether the answers are those to the questions: what each row alone cannot show."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.experiments.shell.records import Answer, ShellManifest
from labkit.recordings.kind import Rows


def faults(manifest: ShellManifest, rows: Rows) -> Iterator[tuple[str, str]]:
    """(table, what is wrong with it), of all that is wrong."""
    for row in rows["answers"]:
        if isinstance(row, Answer):
            yield from (("answers", f"{row.script}: {why}") for why in _faults(manifest, row))


def _faults(manifest: ShellManifest, row: Answer) -> Iterator[str]:
    question = manifest.plan.scripts.get(row.script)
    if question is None:
        yield "the plan has no such script"
    elif row.backend not in question.backends:
        yield f"it was not to be run behind {row.backend}"

    if (row.error is None) == (row.exit_status is None):
        yield f"its exit status is {row.exit_status}, and its error does not fit"
