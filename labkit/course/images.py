"""The exercises of 05-images-and-containers."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from labkit import images, stats
from labkit.course.exercise import Exercise
from labkit.course.judging import direction, near
from labkit.images import Recording

APPS = 10
CONTAINERS = 20
MB, MIB = 1e6, 2**20


@cache
def recorded(name: str = "images") -> Recording:
    return images.load(name)


def apps(answer: Any) -> str:
    """How many MB are ten images in the store that share all but their last layer?"""
    table = stats.image_layers(recorded().layers)
    mine = table[table["image"] == "python-other-app"].sort_values("layer")
    whole, own = float(mine["size_bytes"].sum()) / MB, float(mine["size_bytes"].iloc[-1]) / MB
    truth = whole - own + APPS * own
    if near(answer, truth):
        return ""
    if near(answer, APPS * whole):
        return "so it would be if each image had all of its layers for itself"
    return direction(answer, truth)


def room(answer: Any) -> str:
    """How many containers of one image fit where ten of ten images fit, by PSS?"""
    table = stats.page_sharing(recorded().sharing)
    one, each = (table[table["images"] == number] for number in (1, table["images"].max()))
    available = float(each["total_pss_bytes"].iloc[-1])
    first, further = (float(one["marginal_pss_bytes"].iloc[place]) for place in (0, -1))
    truth = 1 + (available - first) // further
    if near(answer, truth, part=0.05):
        return ""
    if near(answer, available // first, part=0.05):
        return "only the first one is so dear"
    if near(answer, available // further, part=0.02):
        return "the first one takes more than the others"
    return direction(answer, truth)


def copies(answer: Any) -> str:
    """How many MiB more are on the disk when 20 containers have each appended a line to a file of
    64 MiB of their image?"""
    table = stats.first_writes(recorded().first_write)
    first = table[(table["place"] == "image") & (table["write"] == 1)]
    grew = float(first.sort_values("file_bytes")["layer_grew_bytes"].iloc[-1]) / MIB
    if near(answer, CONTAINERS * grew):
        return ""
    if near(answer, grew):
        return "each container has a layer of its own"
    if float(answer) < 1:
        return "it is not the line that is copied"
    return direction(answer, CONTAINERS * grew)


def waiting(answer: Any) -> str:
    """What part of the first start of the container with Python is the way into the store, in
    percent?"""
    table = stats.from_nothing(recorded().from_nothing)
    mine = _first(table, "container with Python")
    image, whole = float(mine["median_s"].iloc[0]), float(mine["median_s"].iloc[-1])
    truth = 100 * image / whole
    if near(answer, truth, part=0.05):
        return ""
    if near(answer, truth / 100, part=0.05):
        return "in percent, please"
    if near(answer, 100 - truth, part=0.05):
        return "this is the part of all the rest"
    return direction(answer, truth)


def driver(answer: Any) -> str:
    """How many times the memory (PSS) do ten containers of one image take with the storage driver
    vfs?"""
    truth = _of_one_image("images-vfs") / _of_one_image("images")
    if near(answer, truth, part=0.05):
        return ""
    if near(answer, 1 / truth, part=0.05):
        return "the other way round: vfs by overlay2"
    if near(answer, 1, part=0.1):
        return "pages are shared by those that map the same file; is it the same one with vfs?"
    return direction(answer, truth)


def _of_one_image(name: str) -> float:
    """The memory (PSS, bytes) of all containers together when the most of one image run."""
    table = stats.page_sharing(recorded(name).sharing)
    return float(table[table["images"] == 1].sort_values("running")["total_pss_bytes"].iloc[-1])


def _first(table: pd.DataFrame, way: str) -> pd.DataFrame:
    """The rows of a way's first start: its steps in order, then their total."""
    return table[(table["way"] == way) & (table["start"] == 1)]


EXERCISES = {
    "05-apps": Exercise(
        apps,
        (
            "a layer that is the same is in the store once, for all images that have it",
            "add up the layers of python-other-app; only the last of them is there ten times",
        ),
    ),
    "05-room": Exercise(
        room,
        (
            "the table `pages` has the columns total_pss_bytes and marginal_pss_bytes",
            "take off what the first one needs; each further one is as the last that was measured",
        ),
    ),
    "05-copies": Exercise(
        copies,
        (
            "the unit in which overlayfs copies is the file, however little is written",
            "and it copies into the layer of that container which writes",
        ),
    ),
    "05-waiting": Exercise(
        waiting,
        (
            "the table `ways` has a row for each step, and one whose title is total",
            "start 1 of the way `container with Python`: the step «load the image» by the total",
        ),
    ),
    "05-vfs": Exercise(
        driver,
        (
            "stats.page_sharing(other.sharing) has the same columns as `pages`",
            "total_pss_bytes of the row with images 1 and running 10, in both tables",
        ),
    ),
}
