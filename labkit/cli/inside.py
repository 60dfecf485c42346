"""Inside Docker: inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pandas as pd
import typer

from labkit.cli.app import AsJson, app, say

if TYPE_CHECKING:
    from labkit.kept import Kept

NAME = "inside-docker"


@app.command("inside", short_help="Inside Docker: processes, sockets, a start's events.")
def inside_command(
    trials: Annotated[int, typer.Option(help="Starts whose events are noted.", min=1)] = 10,
    recorded: Annotated[
        bool, typer.Option("--recorded", help="Start nothing: show what was recorded for reading.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="A folder for the tables and charts.", metavar="FOLDER")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look into Docker while `docker run` runs the lab's program.

    \b
    Which processes are there, who started whom, and what each holds in memory (PSS)?
    Who asks whom, over which Unix socket? (needs root, and ss of the package iproute2)
    When a container starts, which event of dockerd and containerd comes when?

    \b
    labkit inside                  half a minute
    labkit inside --trials 20 --out data/runs/my-docker
    labkit inside --recorded       what comes with the lab

    What each component adds to a start is another question: labkit run --profile layers
    """
    from labkit import folders, inside, kept, stats

    if out is not None:
        folders.begin(out)
    found = kept.load(NAME) if recorded else inside.look(trials=trials, say=say)
    if out is not None:
        kept.save(out, inside.records(found), found.about)
        _draw(found, out, "recorded" if recorded else "live")
        say(f"written: tables and charts in {out}")
    if as_json:
        tables = {
            name: [row.model_dump() for row in rows] for name, rows in inside.records(found).items()
        }
        print(json.dumps({"about": found.about.model_dump(), **tables}))
        return
    events = stats.start_events(found.tables["events"])
    tree = found.tables["tree"]
    print("\n".join([*_tree(tree), "", *_joints(tree, found.tables["joints"]), *_events(events)]))


def _draw(found: Kept, folder: Path, source: str) -> None:
    from labkit import charts, stats

    badge = charts.badge(found.about, source)
    tree, joints = found.tables["tree"], found.tables["joints"]
    charts.process_tree(tree, joints, badge=badge).save(folder / "tree.svg")
    events = stats.start_events(found.tables["events"])
    charts.start_events(events, badge=badge).save(folder / "events.svg")


def _tree(tree: pd.DataFrame) -> Iterator[str]:
    from labkit import units

    yield "processes, each below the one that started it:"
    for row in tree.to_dict("records"):
        name = "  " * row["depth"] + row["name"]
        memory = units.text(row["pss_bytes"], units.memory)
        yield f"  {name:<28} {memory:>9}  {row['role']}, process {row['pid']}"


def _joints(tree: pd.DataFrame, joints: pd.DataFrame) -> Iterator[str]:
    names = dict(zip(tree["pid"], tree["name"], strict=True))
    known = joints[joints["client"].isin(names)]
    yield "who asks whom:" if len(known) else "who asks whom could not be read (root, and ss)"
    for row in known.to_dict("records"):
        yield f"  {names[row['client']]} asks {names[row['server']]} over {row['address']}"
    yield ""


def _events(events: pd.DataFrame) -> Iterator[str]:
    from labkit import units

    yield f"a start, medians of {events['n'].max()} with their 95 % interval:"
    for row in events.to_dict("records"):
        time = units.with_interval(row["median_s"], row["low_s"], row["high_s"], units.time)
        yield f"  {row['event']:<17} {row['source']:<11} {time:<23} after {row['after']}"
