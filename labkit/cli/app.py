"""The application, and what several of its commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from labkit.errors import UsageError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="""The Virtualization Lab: the same workload as a bare process, in a container and in a
virtual machine, measured on this computer.

\b
To begin:
  labkit doctor                  what can run here, and what is missing
  labkit setup                   install and build what is missing (root for the packages)
  labkit run                     compare all that can run, with the quick profile
  labkit report RUN              the same run as a web page
  labkit seen                    what an instance sees of the computer, and may do
  labkit compare A B             two runs: before and after, two computers
  labkit neighbours              how much one instance disturbs another, with and without limits
  labkit images                  what of images and containers is shared, and what it costs
  labkit selftest                what of the figures is the lab's own, and how often it is wrong
  labkit student                 copies of the notebooks for students
""",
)
image_app = typer.Typer(no_args_is_help=True, help="The lab image: the bits that run everywhere.")
app.add_typer(image_app, name="image")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
Kernel = Annotated[
    Path | None,
    typer.Option(help="A Linux kernel of your own for the guests (a bzImage).", metavar="FILE"),
]
ReadyTimeout = Annotated[float, typer.Option(help="Seconds until an instance counts as hung.")]


def say(message: str) -> None:
    """A message to the user, on stderr."""
    print(message, file=sys.stderr, flush=True)


def names(text: str | None) -> list[str] | None:
    """`a,b` → names. An empty text names nothing, which is an error and not «all»."""
    if text is None:
        return None
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise UsageError("an empty list names nothing", resolution="leave the option out for all")
    return found
