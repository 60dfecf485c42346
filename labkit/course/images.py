"""The exercises of 05-images-and-containers."""

from __future__ import annotations

from typing import Any

from labkit.course.exercise import exercise, number, recorded
from labkit.experiments.images import stats
from labkit.units import MIB

IMAGES = "images"
MB = 1e6


@exercise(
    "05-apps",
    "a layer that is the same is in the store once, for all images that have it",
    "add up the layers of python-other-app; only the last is there once for each image",
    given=(10, 5, 20, 40, 80),
)
def apps(answer: Any, images: int) -> str:
    """{given} apps are packed as `python-other-app` is: all layers are shared but the last, which
    is different in each. How many MB of layers are in the store, all of them together?"""
    table = stats.image_layers(recorded(IMAGES).layers)
    layers = table[table["image"] == "python-other-app"].sort_values("layer")
    whole, own = float(layers["size_bytes"].sum()) / MB, float(layers["size_bytes"].iloc[-1]) / MB
    each = "so it would be if each image had all of its layers for itself"
    return number(answer, whole - own + images * own, (images * whole, each))


@exercise(
    "05-room",
    "the table `pages` has the columns total_pss_bytes and marginal_pss_bytes",
    "take off what the first one needs; each further one is as the last that was measured",
)
def room(answer: Any) -> str:
    """How many containers of one image fit where ten of ten images fit, by PSS?"""
    table = stats.page_sharing(recorded(IMAGES).page_sharing)
    one, each = (table[table["images"] == number] for number in (1, table["images"].max()))
    available = float(each["total_pss_bytes"].iloc[-1])
    first, further = (float(one["marginal_pss_bytes"].iloc[place]) for place in (0, -1))
    return number(
        answer,
        1 + (available - first) // further,
        (available // first, "only the first one takes as much"),
        (available // further, "the first one takes more than the others"),
        part=0.05,
    )


@exercise(
    "05-copies",
    "the unit in which overlayfs copies is the file, however little is written",
    "and it copies into the layer of that container which writes",
    given=(20, 5, 8, 12, 30),
)
def copies(answer: Any, containers: int) -> str:
    """{given} containers of one image each append a line to the same file of 64 MiB, which comes
    from the image. How many MiB more are on the disk?"""
    table = stats.copy_up(recorded(IMAGES).copy_up)
    first = table[(table["place"] == "image") & (table["write"] == 1)]
    grew = float(first.sort_values("file_bytes")["layer_grew_bytes"].iloc[-1]) / MIB
    if float(answer) < 1:
        return "it is not the line that is copied"
    return number(answer, containers * grew, (grew, "each container has a layer of its own"))


@exercise(
    "05-waiting",
    "the table `ways` has a row for each step, and one whose title is total",
    "start 1 of the way `container with Python`: the step «load the image» by the total",
)
def waiting(answer: Any) -> str:
    """What part of the first start of the container with Python is the way into the store, in
    percent?"""
    table = stats.cold_load(recorded(IMAGES).cold_load)
    # Its steps in order, then their total.
    steps = table[(table["way"] == "container with Python") & (table["start"] == 1)]
    truth = 100 * float(steps["median_s"].iloc[0]) / float(steps["median_s"].iloc[-1])
    mistakes = (
        (truth / 100, "in percent, please"),
        (100 - truth, "this is the part of all the rest"),
    )
    return number(answer, truth, *mistakes, part=0.05)


@exercise(
    "05-vfs",
    "stats.page_sharing(other.page_sharing) has the same columns as `pages`",
    "total_pss_bytes of the row with images 1 and running 10, in both tables",
)
def driver(answer: Any) -> str:
    """How many times the memory (PSS) do ten containers of one image take with the storage driver
    vfs?"""
    truth = _of_one_image("images-vfs") / _of_one_image("images")
    same = "pages are shared by those that map the same file; is it the same one with vfs?"
    mistakes = ((1 / truth, "the other way round: vfs by overlay2"), (1, same))
    return number(answer, truth, *mistakes, part=0.05)


def _of_one_image(name: str) -> float:
    """The memory (PSS, bytes) of all containers together when the most of one image run."""
    table = stats.page_sharing(recorded(name).page_sharing)
    return float(table[table["images"] == 1].sort_values("running")["total_pss_bytes"].iloc[-1])
