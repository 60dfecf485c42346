"""What was measured: runs."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import AsJson, app
from labkit.cli.output import show
from labkit.errors import UsageError


@app.command("runs", short_help="What was recorded, and what comes with the lab.")
def runs_command(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="Where to look; data/runs, and what comes with the lab, if not given.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List recordings, the newest last: names that report, compare and --resume understand."""
    from labkit.recordings.listing import listed
    from labkit.system.paths import contributed_dir, reference_dir, runs_dir
    from labkit.text_table import aligned

    if folder is not None and not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", resolution="name one that is there")
    found = listed(*([folder] if folder else [reference_dir(), contributed_dir(), runs_dir()]))
    if as_json:
        print(json.dumps({"recordings": [asdict(one) for one in found]}, default=str))
        return
    rows = [
        (
            str(one.folder) if folder else one.folder.name,
            *(one.created_at[:10], one.experiment, one.state, ", ".join(one.backends)),
        )
        for one in found
    ]
    head = ("name", "recorded", "experiment", "state", "backends")
    if rows:
        show(lambda: "\n".join(aligned([head, *rows])))
    else:
        print("nothing is recorded yet: labkit run")
