"""A run for the project: contribute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from labkit.cli.app import app
from labkit.cli.output import say


@app.command("contribute", short_help="Make one file of a run, to be sent to the project.")
def contribute_command(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run's folder or its id; with --take a file.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to; if not given, here.")
    ] = None,
    take: Annotated[
        bool, typer.Option("--take", help="Put a file that was sent into data/contributed.")
    ] = False,
) -> None:
    """Make one file of a run, checked and without names of users, hosts or folders.

    The project has no computer with hardware virtualization: a run of yours under kvm, hvf,
    vbox-hm or vmware is what its chapters then show. Processor, kernel and the programs' versions
    stay in it.

    \b
    labkit run
    labkit contribute data/runs/ID        makes ID.zip: attach it to an issue
    labkit contribute --take ID.zip       for the project: checks it and takes it in
    """
    from labkit.experiments.benchmark import contribution
    from labkit.experiments.table import load_run

    if take:
        say(f"taken: {contribution.take(Path(run))}")
        return
    found = load_run(run)
    target = out or Path(f"{found.manifest.recording_id}.zip")
    contribution.contribute(found, target)
    say(f"read it through before you send it: unzip -p {target} manifest.json trials.csv")
    print(target)
