"""Teaching: student, grade, instructor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import app
from labkit.errors import UsageError


@app.command("student", short_help="Copies of the notebooks for students.")
def student_command(
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("student"),
) -> None:
    """Make copies of the notebooks for students: without outputs, without solutions."""
    with _notebooks_needed():
        from labkit.course import student
    for path in student.make(out):
        print(path)


@app.command("grade", short_help="A table of what a class has handed in.")
def grade_command(
    folder: Annotated[Path, typer.Argument(help="A folder with a folder for each student.")],
    out: Annotated[Path | None, typer.Option(help="A CSV file: each answer in a row.")] = None,
) -> None:
    """Judge the guesses, answers and tasks of a class: FOLDER/kim/my-work.json is what kim has
    handed in. Nothing that a student wrote is executed."""
    with _notebooks_needed():
        from labkit.course import grade
        from labkit.recordings.exports import exporting
        from labkit.system import owned_files
    given = grade.grades(folder)
    if out is not None:
        with exporting(out):
            owned_files.write_whole(out, grade.as_csv(given))
    print(grade.table(given))


@app.command("instructor", short_help="A page for each chapter: objectives, sessions, answers.")
def instructor_command(
    out: Annotated[Path, typer.Option(help="The folder to write into.")] = Path("instructor"),
) -> None:
    """Make the instructor's pack: objectives, session plans, model answers and rubrics."""
    with _notebooks_needed():
        from labkit.course import instructor
    for path in instructor.make(out):
        print(path)


@contextmanager
def _notebooks_needed() -> Iterator[None]:
    """The course is a part of the notebooks, which not every installation has."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the course needs {error.name}",
            details="the lab is installed without what its notebooks need",
            resolution="in a checkout of the lab: pip install '.[notebooks]'",
        ) from None
