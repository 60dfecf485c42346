"""The application, and what several of its commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from labkit.errors import UsageError

# As a user meets them.
ORDER = (
    *("doctor", "setup", "run", "report", "compare", "selftest"),
    *("seen", "images", "inside", "neighbours", "paas", "student", "image", "clean"),
)


class InOrder(TyperGroup):
    """The commands as ORDER has them, whichever file was imported first."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = typer.Typer(
    cls=InOrder,
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
""",
)
image_app = typer.Typer(no_args_is_help=True, help="The lab image: the bits that run everywhere.")
app.add_typer(image_app, name="image", short_help="The lab image: what is started everywhere.")

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
