"""What can run here, and what makes it so: doctor, setup, clean."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from labkit.cli.app import AsJson, app
from labkit.cli.output import say


@app.command(short_help="What can run here, and what is missing.")
def doctor(
    again: Annotated[
        bool, typer.Option("--again", help="Try anew whether QEMU's accelerator works.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what can run on this computer, why not, and the command that mends it."""
    from labkit.setup.diagnosis import examine
    from labkit.setup.text import diagnosis_text

    found = examine(again=again)
    print(json.dumps(found.model_dump(mode="json"), indent=2) if as_json else diagnosis_text(found))


@app.command(short_help="Install and build what is missing.")
def setup(
    backends: Annotated[
        list[str] | None,
        typer.Argument(
            help="Which; those of a run if none is named. engine-parts: a container engine's "
            "parts; spectrum: all from a process to a machine."
        ),
    ] = None,
) -> None:
    """Install what the backends need, start a Docker daemon, build the lab image.

    Does only what is missing. Installing packages and starting a daemon need root: without it,
    the exact command is printed. A backend that is named must succeed; without names, what
    cannot be set up is reported and the rest goes on.
    """
    from labkit.setup.steps import set_up

    set_up(backends or None, say)


@app.command(short_help="Remove what a killed lab has left.")
def clean(
    daemon: Annotated[
        bool, typer.Option("--daemon", help="Also end the Docker daemon that the lab started.")
    ] = False,
    virtualbox: Annotated[
        bool, typer.Option("--virtualbox", help="Also delete the VirtualBox that the lab set up.")
    ] = False,
    cache: Annotated[
        bool, typer.Option("--cache", help="Also delete all that can be built or fetched again.")
    ] = False,
) -> None:
    """Remove what a killed lab has left: processes, containers, temporary folders.

    What a lab in a container or on another computer may still use stays: it is named, with the
    command that removes it.
    """
    from labkit.setup.steps import clean_up

    for line in clean_up(daemon=daemon, virtualbox=virtualbox, cache=cache) or [
        "nothing was left behind"
    ]:
        print(line)
