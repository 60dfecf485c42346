"""Images and containers: what is shared on the disk and in memory, what a first write and a first
start cost. From the tables of labkit/images."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from labkit.stats.spread import FEW, spread


def image_layers(layers: pd.DataFrame) -> pd.DataFrame:
    """The layers as they are, with `images` (how many of the images have this very layer), `new`
    (whether it is the first image, in their order, that brings it) and `new_bytes`: what the
    store grows by."""
    table = layers.copy()
    table["images"] = table.groupby("digest")["image"].transform("nunique")
    table["new"] = ~table["digest"].duplicated()
    table["new_bytes"] = table["size_bytes"].where(table["new"], 0)
    return table


def page_sharing(sharing: pd.DataFrame) -> pd.DataFrame:
    """One row a number of images and of running containers, in the order of the reading: n
    (trials), total_rss_bytes, total_pss_bytes, total_uss_bytes (of all containers, the median over
    trials) and marginal_pss_bytes: what the last container added to the PSS of all."""
    keys = ["images", "running"]
    figures = {
        f"total_{name}_bytes": (f"{name}_bytes", lambda values: values.sum(skipna=False))
        for name in ("rss", "pss", "uss")
    }
    sums = sharing.groupby([*keys, "trial"], sort=False).agg(**figures).reset_index()
    sums["marginal_pss_bytes"] = sums.groupby(["images", "trial"])["total_pss_bytes"].diff()
    first = sums["running"] == 1
    sums.loc[first, "marginal_pss_bytes"] = sums["total_pss_bytes"]
    columns = [*figures, "marginal_pss_bytes"]
    table = sums.groupby(keys, sort=False)[columns].median().reset_index()
    table.insert(2, "n", sums.groupby(keys, sort=False)["trial"].nunique().to_numpy())
    return table


def copy_up(writes: pd.DataFrame) -> pd.DataFrame:
    """One row a size, place and write: n, few, median_s, mad_s, low_s, high_s; layer_grew_bytes
    (by Docker) and upper_grew_bytes (on the disk): what this write added to the container's own
    layer, the median."""
    table = writes.assign(
        layer_grew_bytes=writes["layer_after_bytes"] - writes["layer_before_bytes"],
        upper_grew_bytes=writes["upper_after_bytes"] - writes["upper_before_bytes"],
    )
    table = table.sort_values(["file_bytes", "place", "write"], kind="stable")
    keys = ["file_bytes", "place", "write"]
    grew = table.groupby(keys, sort=False)[["layer_grew_bytes", "upper_grew_bytes"]].median()
    return _with_few(spread(table, keys, "seconds", "s").merge(grew.reset_index(), on=keys))


def cold_load(steps: pd.DataFrame) -> pd.DataFrame:
    """One row a way, start and step: n, few, files, bytes, median_s, mad_s, low_s, high_s; and for
    each way and start a row whose title is `total`, with the number of steps in `step`."""
    keys = ["way", "backend", "engine", "start", "step", "title"]
    whole = steps.groupby([*keys[:4], "trial"], sort=False).agg(
        step=("step", "size"),
        files=("files", "sum"),
        bytes=("bytes", "sum"),
        seconds=("seconds", "sum"),
    )
    whole = whole.reset_index().assign(title="total")
    whole = whole.sort_values(["way", "start"], key=_as_in(steps), kind="stable")
    with_totals = pd.concat([steps, whole[steps.columns]], ignore_index=True)
    supplied = with_totals.groupby(keys, sort=False)[["files", "bytes"]].max().reset_index()
    return _with_few(spread(with_totals, keys, "seconds", "s").merge(supplied, on=keys))


def base_images(starts: pd.DataFrame) -> pd.DataFrame:
    """One row an image and program, by the image's size: image_bytes, files, n, few, median_s,
    mad_s, low_s, high_s (to the program's first line), and running_s: the median of what of it
    followed the engine's answer that the container runs."""
    keys = ["image", "program", "image_bytes", "files"]
    ordered = starts.assign(own=starts["ready_s"] - starts["started_s"]).sort_values(
        ["image_bytes", "program"], kind="stable"
    )
    own = ordered.groupby(keys, sort=False)["own"].median().rename("running_s").reset_index()
    return _with_few(spread(ordered, keys, "ready_s", "s").merge(own, on=keys))


def _as_in(steps: pd.DataFrame) -> Callable[[pd.Series], pd.Series]:
    """A key that keeps the order in which the ways first appear; numbers sort as they are."""
    order = {way: place for place, way in enumerate(steps["way"].unique())}
    return lambda column: column.map(order) if column.name == "way" else column


def _with_few(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(few=table["n"] < FEW)
