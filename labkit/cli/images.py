"""Images and containers: images."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labkit.cli.app import AsJson, app, names, say

if TYPE_CHECKING:
    from labkit.charts import Chart
    from labkit.images import Recording
    from labkit.images.records import ImagesManifest
    from labkit.records import Record


@app.command("images", short_help="What images share, and what they cost.")
def images_command(
    experiments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[EXPERIMENT...]", help="Which; all if none is named."),
    ] = None,
    repeats: Annotated[
        int | None,
        typer.Option(help="How often; 1, 5 or 10 by the experiment if not given.", min=1),
    ] = None,
    machines: Annotated[
        str, typer.Option(help="Virtual machines for from_nothing: qemu, virtualbox or both.")
    ] = "qemu",
    seed: Annotated[int, typer.Option(help="For the order of what is measured.")] = 0,
    storage_driver: Annotated[
        str | None,
        typer.Option(
            help="With a Docker daemon of the lab's own that keeps layers so, such as vfs; needs "
            "root. Else this computer's daemon, as it is."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for the tables and the charts.", metavar="FOLDER")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What lies on the disk, what runs, and what of it is shared: experiments with real images.

    \b
    layers        four images: the size of each layer, and which of them are the same one
    sharing       ten containers of one image, and of ten: memory (PSS), one by one
    first_write   the first byte written to a file of the image: time, and bytes on the disk
    from_nothing  from an empty store to ready: a container's image, a virtual machine's image
    flavours      the same program in three images (scratch, busybox, python): bytes and startup
    drift         something changes on a «host» (a folder, entered as root): what breaks, where?

    Images are made of the lab image and this computer's Python; nothing is pulled, and nothing of
    it stays. All of them take about five minutes, some a few seconds.

    \b
    labkit images layers flavours --repeats 3
    labkit images --machines qemu,virtualbox --out data/runs/my-images
    labkit images sharing first_write flavours --storage-driver vfs
    """
    from labkit import folders, images
    from labkit.images.recording import recording
    from labkit.images.text import images_text

    chosen = experiments or list(images.EXPERIMENTS)
    if out is not None:
        folders.begin(out)

    def keep(manifest: ImagesManifest, rows: Mapping[str, Sequence[Record]]) -> None:
        """What is finished stays, whatever ends the rest."""
        if out is not None:
            images.write(out, manifest, rows)

    manifest, rows = images.measure(
        chosen,
        repeats=repeats,
        machines=names(machines) or (),
        seed=seed,
        storage_driver=storage_driver,
        say=say,
        keep=keep,
    )
    found = recording(manifest, rows)
    if out is not None:
        _draw(found, out)
        say(f"written: tables and charts in {out}")
    if as_json:
        tables = {name: [row.model_dump() for row in records] for name, records in rows.items()}
        print(json.dumps({"manifest": manifest.model_dump(), **tables}))
    else:
        print(images_text(found))


def _draw(found: Recording, folder: Path) -> None:
    from labkit import charts, stats

    badge = charts.badge(found.manifest, "live")
    drawn: dict[str, Callable[[], Chart]] = {
        "layers": lambda: charts.image_layers(stats.image_layers(found.layers), badge=badge),
        "sharing": lambda: charts.page_sharing(stats.page_sharing(found.sharing), badge=badge),
        "first_write": lambda: charts.first_writes(
            stats.first_writes(found.first_write), badge=badge
        ),
        "from_nothing": lambda: charts.from_nothing(
            stats.from_nothing(found.from_nothing), badge=badge
        ),
        "flavours": lambda: charts.flavours(stats.flavours(found.flavours), badge=badge),
    }
    for name, draw in drawn.items():
        if len(getattr(found, name)):
            draw().save(folder / f"{name}.svg")
