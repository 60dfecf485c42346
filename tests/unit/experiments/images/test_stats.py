from __future__ import annotations

import pandas as pd
import pytest

from labkit.experiments.images import stats
from labkit.experiments.images.records import (
    BaseImageStart,
    ColdLoadStep,
    CopyUpWrite,
    Layer,
    PageSharingReading,
)
from labkit.recordings import tables


def layer(image: str, number: int, title: str, digest: str, size: int) -> Layer:
    return Layer(
        image=image,
        layer=number,
        title=title,
        digest=digest,
        files=1,
        size_bytes=size,
        disk_bytes=None,
    )


def test_a_layer_counts_for_the_first_image_that_brings_it() -> None:
    rows = [layer("a", 1, "base", "x", 10), layer("b", 1, "base", "x", 10)]
    rows.append(layer("b", 2, "app", "y", 3))
    table = stats.image_layers(tables.frame(rows, Layer))
    assert list(table["images"]) == [2, 2, 1]
    assert list(table["new_bytes"]) == [10, 0, 3]


def reading(images: int, running: int, container: int, pss: int | None) -> PageSharingReading:
    return PageSharingReading(
        trial=1,
        images=images,
        running=running,
        container=container,
        rss_bytes=20,
        pss_bytes=pss,
        uss_bytes=1,
        cgroup_bytes=None,
    )


def test_the_last_container_costs_what_all_of_them_take_more() -> None:
    rows = [reading(1, 1, 1, 10), reading(1, 2, 1, 6), reading(1, 2, 2, 6)]
    rows += [reading(2, 1, 1, 10), reading(2, 2, 1, 10), reading(2, 2, 2, 10)]
    table = stats.page_sharing(tables.frame(rows, PageSharingReading)).set_index(
        ["images", "running"]
    )
    assert table.at[(1, 2), "total_pss_bytes"] == 12
    assert table.at[(1, 2), "marginal_pss_bytes"] == 2
    assert table.at[(2, 2), "marginal_pss_bytes"] == 10
    assert table.at[(1, 1), "marginal_pss_bytes"] == 10
    assert table.at[(1, 2), "total_rss_bytes"] == 40


def test_a_reading_that_is_missing_makes_no_sum() -> None:
    rows = [reading(1, 1, 1, None)]
    table = stats.page_sharing(tables.frame(rows, PageSharingReading))
    assert table["total_pss_bytes"].isna().all()


def test_what_a_write_added_to_the_layer() -> None:
    rows = [
        CopyUpWrite(
            trial=trial,
            place="image",
            file_bytes=100,
            write=1,
            seconds=trial / 10,
            layer_before_bytes=5,
            layer_after_bytes=106,
            upper_before_bytes=None,
            upper_after_bytes=None,
        )
        for trial in (1, 2, 3)
    ]
    (row,) = stats.copy_up(tables.frame(rows, CopyUpWrite)).to_dict("records")
    assert (row["n"], row["few"], row["median_s"]) == (3, True, 0.2)
    assert row["layer_grew_bytes"] == 101
    assert pd.isna(row["upper_grew_bytes"])


def test_the_steps_of_a_way_and_their_total() -> None:
    rows = [
        ColdLoadStep(
            trial=trial,
            way="way",
            backend="docker",
            engine="native",
            start=1,
            step=step,
            title=f"step {step}",
            files=1,
            bytes=10,
            seconds=seconds * trial,
        )
        for trial in (1, 2, 3)
        for step, seconds in ((1, 1.0), (2, 3.0))
    ]
    table = stats.cold_load(tables.frame(rows, ColdLoadStep)).set_index("title")
    assert table.at["total", "median_s"] == 8
    assert table.at["total", "step"] == 2
    assert table.at["total", "bytes"] == 20
    assert table.at["step 2", "median_s"] == 6


def test_base_images_by_the_image_s_size() -> None:
    rows = [
        BaseImageStart(
            trial=1,
            image=image,
            program="busybox",
            image_bytes=size,
            files=1,
            created_s=0.1,
            started_s=0.3,
            ready_s=0.35,
        )
        for image, size in (("large", 9), ("small", 1))
    ]
    table = stats.base_images(tables.frame(rows, BaseImageStart))
    assert list(table["image"]) == ["small", "large"]
    assert table["running_s"].tolist() == pytest.approx([0.05, 0.05])
