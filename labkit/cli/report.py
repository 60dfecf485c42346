"""Reading: report."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import AsJson, app
from labkit.cli.output import form_line, show


class Form(StrEnum):
    """Other forms of a report."""

    homework = "homework"


@app.command("report", short_help="What a recording shows, and its web page.")
def report_command(
    recording: Annotated[
        str, typer.Argument(metavar="RECORDING", help="Its folder or its id; of any experiment.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The page's file; in the recording's folder if not given.")
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option(
            help="homework: a page to print (environment, method, results, threats to validity); "
            "homework.csv, all values in one table; raw, what the programs printed. --out names "
            "their folder."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a recording's web page (one file, nothing loaded from elsewhere) and print its text."""
    from labkit.experiments import report
    from labkit.experiments.table import experiment, load

    found = load(recording)
    made_by = experiment(found.manifest.experiment)
    found = made_by.examined(found)
    if form is not None:
        place = out or report.usual_place(found).with_suffix("").with_name(form.value)
        print(form_line(form.value, made_by.in_form(found, form.value, place)))
        return
    page = report.write(found, out) if out else report.write_beside(found)
    if as_json:
        print(json.dumps({**made_by.json(found), "report": str(page) if page else None}))
        return
    show(lambda: made_by.told(found))
    if page:
        print(f"\nreport: {page}")
