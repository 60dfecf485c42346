"""The lab image: build, show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labkit.cli import output
from labkit.cli.app import AsJson, Kernel, image_app
from labkit.errors import LabError

if TYPE_CHECKING:
    from labkit.image import LabImage


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

    built = image.build(kernel=kernel, refresh=refresh, progress=not output.quiet())
    _show_image(built, as_json)


@image_app.command("show")
def image_show(kernel: Kernel = None, as_json: AsJson = False) -> None:
    """Show the built image: digest, packages, sizes, and how its packages were verified."""
    from labkit import image

    found = image.find(kernel=kernel)
    if found is None:
        raise LabError("the lab image is not built yet", resolution="labkit image build")
    _show_image(found, as_json)


def _show_image(image: LabImage, as_json: bool) -> None:
    description = {"rootfs": str(image.rootfs), **image.describe()}
    print(json.dumps(description, indent=2) if as_json else "\n".join(_described(description)))


def _described(value: Any, indent: str = "") -> list[str]:
    """Names on the left, nested ones indented."""
    if isinstance(value, dict):
        lines = []
        for name, inner in value.items():
            if isinstance(inner, dict | list):
                lines += [f"{indent}{name}:", *_described(inner, indent + "  ")]
            else:
                lines.append(f"{indent}{name}: {inner}")
        return lines
    if isinstance(value, list):
        return [
            indent + ", ".join(f"{k}: {v}" for k, v in item.items())
            if isinstance(item, dict)
            else f"{indent}{item}"
            for item in value
        ]
    return [f"{indent}{value}"]
