"""Reading: report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import AsJson, app


@app.command("report", short_help="A run's table, and its web page.")
def report_command(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="A run's folder or its id.")],
    out: Annotated[
        Path | None, typer.Option(help="The page's file; RUN/report.html if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a run's web page (one file, nothing loaded from elsewhere) and print its table."""
    from labkit import report, store, texts

    loaded = store.load(run_id)
    page = report.write(loaded, out or loaded.path / "report.html")
    if as_json:
        print(json.dumps({**texts.run_json(loaded), "report": str(page)}))
    else:
        print(f"{report.table_text(loaded)}\n\nreport: {page}")
