"""The lab image: build, show."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labkit.cli import output
from labkit.cli.app import AsJson, Kernel, image_app, names
from labkit.cli.output import say
from labkit.errors import LabError
from labkit.units import MIB

if TYPE_CHECKING:
    from labkit.image import LabImage


Packages = Annotated[
    str | None,
    typer.Option(
        help="Debian's packages whose programs are in it, with commas between.", metavar="NAMES"
    ),
]


@image_app.command("build")
def image_build(
    kernel: Kernel = None,
    packages: Packages = None,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Look at the mirror again for newer packages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the lab image from Debian packages, without root. A second build does nothing.

    \b
    labkit image build                   busybox and the workloads, 2 MB
    labkit image build --packages fio    and programs of Debian's
    labkit image build --refresh         with the newest packages

    With --packages the root file system holds these packages and all that they depend on (their
    recommendations are left out), unpacked and not installed: no script of theirs is run. It is one
    folder, one container image, and one disk that machines read and never write.
    """
    from labkit import image

    began = time.monotonic()
    built = image.build(
        kernel=kernel,
        packages=names(packages) or (),
        refresh=refresh,
        progress=not output.quiet(),
    )
    say(f"ready after {time.monotonic() - began:.1f} s")
    _show_image(built, as_json)


@image_app.command("show")
def image_show(kernel: Kernel = None, packages: Packages = None, as_json: AsJson = False) -> None:
    """Show the built image: digest, packages, sizes, and how its packages were verified."""
    from labkit import image

    wanted = names(packages) or ()
    found = image.find(kernel=kernel, packages=wanted)
    if found is None:
        with_packages = f" --packages {','.join(wanted)}" if wanted else ""
        raise LabError(
            "the lab image is not built yet", resolution=f"labkit image build{with_packages}"
        )
    _show_image(found, as_json)


def _show_image(image: LabImage, as_json: bool) -> None:
    description = {"rootfs": str(image.rootfs), **image.describe()}
    if as_json:
        print(json.dumps(description, indent=2))
        return
    sizes = description.pop("bytes", {})
    description["size"] = {name: f"{size / MIB:.1f} MiB" for name, size in sizes.items()}
    if image.packages:  # of thousands of files, the size of all is told above
        del description["files"]
        count = len(description["programs"]["packages"])
        description["programs"]["packages"] = f"{count}, with all that they need; --json names them"
    print("\n".join(_described(description)))


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
