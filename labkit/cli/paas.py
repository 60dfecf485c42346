"""Push to deploy: paas deploy, status, rollback, stop."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.cli.app import AsJson, app
from labkit.cli.output import say
from labkit.errors import UsageError

if TYPE_CHECKING:
    from labkit.apps.platform import AppStatus

paas_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""A small platform as a service: a folder with code becomes a running web app.

\b
labkit paas deploy FOLDER      build, try, put in place; the address stays when you deploy again
labkit paas status             what is deployed, where, and whether it answers
labkit paas rollback NAME      the version before, in its place
labkit paas stop NAME          end it and remove its images (--all: every app)
labkit deployment              the same app as a machine, as a container, by code alone

Apps run in Docker, at a port of 127.0.0.1 only. They stay until you stop them.
""",
)
app.add_typer(paas_app, name="paas", short_help="Push to deploy, on this computer.")

Timeout = Annotated[float, typer.Option(help="Seconds until a version that is silent has failed.")]


@paas_app.command("deploy")
def deploy(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder with the code.")],
    name: Annotated[
        str | None, typer.Option(help="The app's name; the folder's name if not given.")
    ] = None,
    timeout: Timeout = 15,
    as_json: AsJson = False,
) -> None:
    """Build a folder's code and run it; a version that does not answer changes nothing.

    \b
    How the app is started is told by what is in the folder:
      Procfile      its line «web: COMMAND»; the server listens on $PORT
      cgi-bin/      scripts, run by busybox httpd for /cgi-bin/NAME; pages beside them
      index.html    pages, served by busybox httpd
    The new version must answer GET / with 200 before the old one is touched. The old one's
    image is kept (5 releases) for labkit paas rollback.
    """
    from labkit import apps

    _show([apps.deploy(folder, name=name, timeout=timeout, say=say)], as_json)


@paas_app.command("status")
def status(as_json: AsJson = False) -> None:
    """Show each app: its address, its release, whether it answers."""
    from labkit import apps

    found = apps.status()
    if not found and not as_json:
        print("nothing is deployed; labkit paas deploy FOLDER deploys an app")
    _show(found, as_json)


@paas_app.command("rollback")
def rollback(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The app.")],
    timeout: Timeout = 15,
    as_json: AsJson = False,
) -> None:
    """Put the release before the current one in its place, at the same address."""
    from labkit import apps

    _show([apps.rollback(name, timeout=timeout, say=say)], as_json)


@paas_app.command("stop")
def stop(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The app.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every app.")] = False,
    as_json: AsJson = False,
) -> None:
    """End an app and remove its images, or all of them."""
    from labkit import apps

    if (name is None) != every:
        raise UsageError(
            "one app or all of them",
            details="neither was named" if name is None else "both were named",
            resolution="labkit paas stop NAME, or labkit paas stop --all",
        )
    names = [one.name for one in apps.status()] if name is None else [name]
    lines = [apps.stop(one) for one in names]
    if as_json:
        print(json.dumps({"stopped": names}))
    else:
        print("\n".join(lines) or "nothing was deployed")


def _show(apps: list[AppStatus], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"apps": [asdict(one) for one in apps]}))
        return
    for one in apps:
        releases = ", ".join(map(str, one.releases))
        print(f"{one.name}  {one.url}  {one.state}, release {one.release} of {releases}")
