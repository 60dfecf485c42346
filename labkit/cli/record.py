"""The recordings that come with the lab: record, migrate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import app
from labkit.cli.output import say


@app.command("record", short_help="Record anew what comes with the lab.")
def record_command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Which; none: tell which are out of date."),
    ] = None,
) -> None:
    """Record anew what comes with the lab, in data/reference: the charts of the notebooks.

    \b
    labkit record                     each with its experiment, and whether it is out of date
    labkit record web engine-parts    these anew; do nothing else on the computer meanwhile
    make record                       then: execute the notebooks on what is recorded

    A recording stays until the new one is complete.
    """
    from labkit.experiments import reference
    from labkit.text_table import aligned

    if names:
        for name in names:
            reference.recordable(name)  # a wrong name is told before the first hour
        for name in names:
            say(f"recorded: {reference.record(name)}")
        return
    rows = [
        (name, wanted.experiment, "; ".join(reference.stale(name)) or "up to date")
        for name, wanted in reference.REFERENCES.items()
    ]
    print("\n".join(aligned([("name", "experiment", "state"), *rows])))
    for name, wanted in reference.REFERENCES.items():
        if wanted.elsewhere:
            print(f"{name} is made by .venv/bin/{wanted.elsewhere}, in a computer of its own")


@app.command("migrate", short_help="Bring recordings of an older format up to date.")
def migrate_command(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Recordings.")],
) -> None:
    """Write recordings of an older format anew in today's; what was measured stays the same."""
    from labkit.experiments.migrate import migrate

    for folder in folders:
        print(f"{folder}: {'migrated' if migrate(folder) else 'is up to date'}")
