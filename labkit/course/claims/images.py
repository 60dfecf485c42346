"""1-2: what an image is, and what a container."""

from __future__ import annotations

from typing import Any

from labkit import units
from labkit.course.claims.docker import enforced
from labkit.course.claims.finding import Finding, found
from labkit.course.exercise import recorded
from labkit.experiments.images import stats as images
from labkit.experiments.isolation import stats as isolation


def bundle() -> Finding:
    layers = images.image_layers(recorded("images").layers)
    rows = layers[layers["image"] == "python"]
    return found(
        bool(rows["files"].sum() > 1),
        f"the image `python`: {rows['files'].sum()} files in {len(rows)} layers, with system, "
        "interpreter, libraries and program",
    )


def all_files() -> Finding:
    return found(enforced().verdict == "holds", enforced().figure, "the kernel is not counted")


def package() -> Finding:
    """Of the files at rest it is said: that is the image. A container is what runs of them."""
    writes = images.copy_up(recorded("images").copy_up)
    place: Any = writes[(writes["place"] == "image") & (writes["write"] == 1)].iloc[-1]
    tree = recorded("docker-internals").tree
    processes = int((tree["role"] == "container").sum())
    return found(
        processes == 0,
        f"that is the image. A container is what runs: {processes} process here, and a layer that "
        f"is empty until something is written ({units.text(place['layer_grew_bytes'], units.size)} "
        "after the first byte to a large file)",
    )


def running() -> Finding:
    table = isolation.matrix(recorded("isolation").answers)
    sees = table[(table["backend"] == "docker") & (table["section"] == isolation.SEES)]
    own = int((sees["touches"] == "own").sum())
    return found(
        own > 0,
        f"its processes see {own} of {len(sees)} things as their own, the rest is the host's",
    )


FINDINGS = {
    "image-bundle": bundle,
    "image-complete": all_files,
    "container-package": package,
    "container-running": running,
}
