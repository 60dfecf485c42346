"""The application, and what several of its commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from labkit.cli import output
from labkit.errors import UsageError
from labkit.system.paths import DISTRIBUTION

# As a user meets them.
ORDER = (
    *("doctor", "setup", "run", "runs", "report", "compare", "contribute", "selftest"),
    *("isolation", "images", "docker-internals", "neighbours", "deployment", "orchestration"),
    *(
        "density",
        "mistakes",
        "shell",
        "paas",
        "student",
        "grade",
        "instructor",
        "record",
        "migrate",
    ),
    *("image", "clean"),
)


@dataclass(frozen=True)
class Later:
    """A command that is made when it is called: the list of all commands needs its line only."""

    short_help: str
    make: Callable[[], Any]


LATER: dict[str, Later] = {}


class InOrder(TyperGroup):
    """The commands as ORDER has them, whichever file was imported first."""

    _listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted([*super().list_commands(ctx), *LATER], key=ORDER.index)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in LATER:
            return super().get_command(ctx, cmd_name)
        later = LATER[cmd_name]
        return (
            TyperCommand(cmd_name, short_help=later.short_help) if self._listing else later.make()
        )

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        self._listing = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            self._listing = False


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
  labkit doctor      what can run here, and what is missing
  labkit setup       install and build what is missing (root for the packages)
  labkit run         compare all that can run, with the quick profile
  labkit report RUN  the same run as a web page
""",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # slow to import

        print(f"labkit {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def _options(
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Results and errors only: no progress, no remarks.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="The lab's version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    if quiet:
        output.hush()


image_app = typer.Typer(no_args_is_help=True, help="The lab image: the bits that run everywhere.")
app.add_typer(image_app, name="image", short_help="The lab image: what is started everywhere.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]
Kernel = Annotated[
    Path | None,
    typer.Option(help="A Linux kernel of your own for the guests (a bzImage).", metavar="FILE"),
]


def names(text: str | None) -> list[str] | None:
    """`a,b` → names. An empty text names nothing, which is an error and not «all»."""
    if text is None:
        return None
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise UsageError(
            "an empty list names nothing", resolution="leave the option out, or name something"
        )
    return found
