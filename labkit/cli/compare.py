"""Reading two runs: compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import AsJson, app
from labkit.cli.output import say, show


@app.command("compare", short_help="Two runs side by side, or why they may not be compared.")
def compare_command(
    first: Annotated[str, typer.Argument(metavar="A", help="A run's folder or its id.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The run that is compared with it.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Compare what may not be compared: other bits, other limits."),
    ] = False,
    chart: Annotated[
        Path | None, typer.Option(help="Draw it, too: a .svg or .png file.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: before and after a change, two kernels, two computers.

    First what differs between computers, versions and plans, then B in multiples of A with its
    interval, for each backend and quantity, and for what programs report with equal options (of
    each two figures, all with --json). Runs of another lab image, another version of a workload,
    under another engine or other limits (a network is one) are refused; memory is left out where
    other workloads ran.

    \b
    labkit compare first-comparison data/runs/ID
    labkit compare data/runs/BEFORE data/runs/AFTER --chart change.svg
    """
    from labkit.experiments.benchmark.comparison import compare
    from labkit.experiments.table import load_run

    found = compare(load_run(first), load_run(second), force=force)
    if chart is not None:
        found.chart().save(chart)
        say(f"chart: {chart}")
    show(lambda: json.dumps(found.json()) if as_json else found.text())
