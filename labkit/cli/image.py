"""The lab image: build, show."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from labkit.cli.app import AsJson, Kernel, image_app
from labkit.errors import LabError


@image_app.command("build")
def image_build(
    kernel: Kernel = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Look at the mirror again for newer packages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the lab image from Debian packages, without root. A second build does nothing."""
    from labkit import image

    built = image.build(kernel=kernel, refresh=refresh, progress=sys.stderr.isatty())
    _show_image(built.describe(), as_json)


@image_app.command("show")
def image_show(kernel: Kernel = None, as_json: AsJson = False) -> None:
    """Show the built image: digest, packages, sizes, and how its packages were verified."""
    from labkit import image

    found = image.find(kernel=kernel)
    if found is None:
        raise LabError("the lab image is not built yet", resolution="labkit image build")
    _show_image(found.describe(), as_json)


def _show_image(description: dict[str, Any], as_json: bool) -> None:
    from labkit.texts import image_text

    print(json.dumps(description, indent=2) if as_json else image_text(description))
