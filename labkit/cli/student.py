"""Teaching: student."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import app


@app.command("student", short_help="Copies of the notebooks for students.")
def student_command(
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("student"),
) -> None:
    """Make copies of the notebooks for students: without outputs, without solutions."""
    from labkit.course import student

    for path in student.make(out):
        print(path)
