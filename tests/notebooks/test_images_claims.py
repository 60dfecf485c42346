"""What chapter 05 says in words, held to the recording that it shows: orders of magnitude, so that
one that is made anew keeps them."""

from __future__ import annotations

import pandas as pd
import pytest

from labkit.experiments.images import stats
from labkit.experiments.images.planning import USUAL
from labkit.experiments.images.records import ImagesRecording
from labkit.experiments.table import load

MIB = 2**20


@pytest.fixture(scope="module")
def recorded() -> ImagesRecording:
    return load("images")


@pytest.fixture(scope="module")
def ways(recorded: ImagesRecording) -> pd.DataFrame:
    return stats.cold_load(recorded.cold_load)


def total(ways: pd.DataFrame, way: str, start: int) -> float:
    rows = ways[(ways["way"] == way) & (ways["start"] == start) & (ways["title"] == "total")]
    return float(rows["median_s"].iloc[0])


def brought(ways: pd.DataFrame, way: str) -> pd.Series:
    return ways[(ways["way"] == way) & (ways["start"] == 1) & (ways["step"] == 1)].iloc[0]


def test_nothing_that_the_text_speaks_of_was_left_out(recorded: ImagesRecording) -> None:
    assert set(recorded.manifest.plan.trials) == set(USUAL)
    assert not set(recorded.left_out) & {*USUAL, "qemu"}


def test_another_app_brings_some_ten_bytes_and_its_image_is_as_large(
    recorded: ImagesRecording,
) -> None:
    table = stats.image_layers(recorded.layers).groupby("image")
    sizes, new = table["size_bytes"].sum(), table["new_bytes"].sum()
    assert 10 <= new["python-other-app"] < 100
    assert sizes["python-other-app"] == pytest.approx(sizes["python"], rel=0.001)
    assert new.idxmax() == "python"
    assert new.idxmin() == "python-other-app"


def test_the_same_program_lies_in_two_layers(recorded: ImagesRecording) -> None:
    bottom = recorded.layers[recorded.layers["layer"] == 1].set_index("image")
    digests, sizes = bottom["digest"].to_dict(), bottom["size_bytes"].to_dict()
    assert digests["scratch"] != digests["busybox"]
    assert 0.9 < sizes["scratch"] / sizes["busybox"] < 1


def test_the_first_write_takes_longer_the_larger_the_file(recorded: ImagesRecording) -> None:
    table = stats.copy_up(recorded.copy_up)
    times = table.set_index(["place", "write", "file_bytes"])["median_s"].sort_index()
    first = times["image", 1]
    assert first.is_monotonic_increasing
    assert first.iloc[-1] > 5 * first.iloc[0]
    assert first.iloc[-1] > 10 * times["image", 2].max()
    assert first.iloc[-1] < 0.5  # a part of what a whole start takes, or of its order
    for place in ("volume", "tmpfs"):
        assert 0.2 < times["image", 2].median() / times[place, 1].median() < 5


def test_the_layer_grows_by_the_file_once(recorded: ImagesRecording) -> None:
    table = stats.copy_up(recorded.copy_up)
    first = table[(table["place"] == "image") & (table["write"] == 1)]
    assert (first["layer_grew_bytes"] == first["file_bytes"] + 1).all()
    blocks = first["upper_grew_bytes"]
    assert blocks.between(first["file_bytes"], 1.01 * first["file_bytes"] + 8192).all()
    second = table[(table["place"] == "image") & (table["write"] == 2)]
    assert (second["layer_grew_bytes"] == 1).all()
    assert (table.loc[table["place"] != "image", "layer_grew_bytes"] == 0).all()


def test_a_further_container_of_the_same_image_costs_its_own_pages_only(
    recorded: ImagesRecording,
) -> None:
    pages = stats.page_sharing(recorded.page_sharing).set_index(["images", "running"]).sort_index()
    costs, whole = pages["marginal_pss_bytes"], pages["total_pss_bytes"]
    assert costs[1, 1] == pytest.approx(costs[10, 1], rel=0.1)
    assert 6 * MIB < costs[1, 1] < 12 * MIB  # «about 9 MiB»
    assert costs[1].loc[2:].max() < 0.6 * costs[1, 1]
    assert costs[10].loc[2:].min() > 0.9 * costs[10, 1]
    assert whole[10, 10] > 1.8 * whole[1, 10]
    rss = pages["total_rss_bytes"]
    assert rss[1, 10] == pytest.approx(rss[10, 10], rel=0.05)


def test_a_machine_pays_for_its_boot_at_each_start(ways: pd.DataFrame) -> None:
    machine = "qemu machine"
    boot = ways[(ways["way"] == machine) & (ways["title"] == "until ready")]["median_s"]
    assert boot.min() > 0.7 * total(ways, machine, 1)
    assert brought(ways, machine)["median_s"] < 0.3 * total(ways, machine, 1)
    assert total(ways, machine, 2) > 0.6 * total(ways, machine, 1)


def test_a_container_pays_for_the_way_into_the_store_once(ways: pd.DataFrame) -> None:
    small, large = "container", "container with Python"
    assert total(ways, small, 1) < min(total(ways, large, 1), total(ways, "qemu machine", 1))
    assert brought(ways, large)["median_s"] > 0.5 * total(ways, large, 1)
    assert 0.5 < total(ways, large, 2) / total(ways, small, 2) < 2


def test_four_steps_and_the_bytes_of_each_image(ways: pd.DataFrame) -> None:
    first = ways[(ways["start"] == 1) & (ways["title"] == "total")].set_index("way")
    assert set(first["step"]) == {4}
    assert first["bytes"]["qemu machine"] > 3 * first["bytes"]["container"]
    assert first["bytes"].idxmax() == "container with Python"


def test_an_image_thirty_times_as_large_starts_hardly_more_slowly(
    recorded: ImagesRecording,
) -> None:
    table = stats.base_images(recorded.base_images).set_index(["image", "program"])
    sizes, ready = table["image_bytes"], table["median_s"]
    assert 15 < sizes["python", "busybox"] / sizes["scratch", "busybox"] < 60
    assert ready["python", "busybox"] < 1.3 * ready["scratch", "busybox"]
    own = table["running_s"]
    assert own["python", "python"] > 5 * own["python", "busybox"]
    assert own["scratch", "busybox"] < 0.005


def test_what_drifts_breaks_on_the_host_and_in_a_new_image(recorded: ImagesRecording) -> None:
    works = recorded.drift["status"] == 0
    before = recorded.drift["moment"] == "before"
    kept = recorded.drift["place"] == "container"
    assert recorded.drift["change"].nunique() == 2
    assert (works == (before | kept)).all()
    assert (recorded.drift.loc[~works, "err"] != "").all()


def test_with_vfs_none_of_three_sentences_holds(recorded: ImagesRecording) -> None:
    """The first byte is not dear, nothing is shared, and each start pays for the image's size."""
    other = load("images-vfs")
    assert (recorded.manifest.storage_driver, other.manifest.storage_driver) == ("overlay2", "vfs")
    writes = stats.copy_up(other.copy_up).query("place == 'image'")
    times = writes.set_index(["file_bytes", "write"])["median_s"]
    assert times[64 * MIB, 1] < 2 * times[64 * MIB, 2]
    pages = stats.page_sharing(other.page_sharing).set_index(["images", "running"])
    total = pages["total_pss_bytes"]
    assert total[1, 10] == pytest.approx(total[10, 10], rel=0.05)
    starts = stats.base_images(other.base_images).set_index(["image", "program"])["median_s"]
    assert starts["python", "busybox"] > 2 * starts["scratch", "busybox"]
