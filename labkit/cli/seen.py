"""Isolation: seen."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labkit.cli.app import AsJson, app, names, say

if TYPE_CHECKING:
    import pandas as pd

    from labkit.seen import Sight


@app.command("seen", short_help="What an instance sees, and may do.")
def seen_command(
    backends: Annotated[
        str | None,
        typer.Option(
            help="Which, with commas between; if not given, what can run here quickly. The host is "
            "always looked at, to compare with."
        ),
    ] = None,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Start nothing: show what was recorded for reading.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="A folder for all answers, as a table.", metavar="FOLDER")
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Draw it, too: a .svg or .png file.", metavar="FILE")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask behind each boundary what an instance sees of the computer, and what it may do.

    \b
    host's      the same object of the same kernel as the bare process's: shared
    own         another one; nothing of the host's is seen
    allowed     tried, and done; >host: it acts on the host, >own: on what is its own
    refused     tried, and refused, with the error's name from errno(3)
    not tried   it would change the host itself

    \b
    labkit seen                                     host, docker, qemu: half a minute
    labkit seen --backends layers                   what each part of a container engine hides
    labkit seen --backends docker,docker:seccomp=unconfined
    labkit seen --backends virtualbox --json        one JSON object; messages stay on stderr

    Each is started once. Nothing that is tried changes anything for longer than the attempt;
    nothing that would restart or stop a computer is tried at all.
    """
    from labkit import charts, seen, stats
    from labkit.errors import UsageError

    if recorded and backends is not None:
        raise UsageError(
            "recorded answers are shown as they are",
            resolution="name --backends, or --recorded, but not both",
        )
    if out is not None:
        seen.begin(out)  # not after the work that would be lost
    sight = seen.load() if recorded else seen.look(names(backends))
    table = stats.seen(sight.frame)
    if out is not None:
        say(f"written: {seen.save(sight, out)}")
    if chart is not None:
        badge = charts.badge(sight.manifest, "recorded" if recorded else "live")
        say(f"chart: {charts.seen(table, badge=badge).save(chart)}")
    print(json.dumps(_json(sight, table)) if as_json else _text(sight, table))


def _json(sight: Sight, table: pd.DataFrame) -> dict[str, Any]:
    return {
        "manifest": sight.manifest.model_dump(),
        "answers": [answer.model_dump() for answer in sight.answers],
        "table": table.to_dict("records"),
    }


def _text(sight: Sight, table: pd.DataFrame) -> str:
    """An aspect a line, a backend a column; then what could not be looked at."""
    infos = sight.manifest.backends
    cells = {(row["aspect"], row["backend"]): _cell(row) for row in table.to_dict("records")}
    aspects = list(table["aspect"].unique())
    columns = [["", *aspects]]
    columns += [
        [f"{name} ({infos[name].engine})", *(cells[aspect, name] for aspect in aspects)]
        for name in infos
    ]
    widths = [max(map(len, column)) for column in columns]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
    left = [f"left out: {name}: {reason}" for name, reason in sight.manifest.left_out.items()]
    return "\n".join([*lines, *([""] if left else []), *left])


def _cell(row: Mapping[Hashable, Any]) -> str:
    if row["word"] == "allowed":
        return f"allowed >{row['touches']}"
    return f"{row['word']} ({row['detail']})" if row["detail"] else str(row["word"])
