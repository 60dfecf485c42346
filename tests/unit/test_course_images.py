"""The judges of chapter 05."""

from __future__ import annotations

import pytest

from labkit import stats
from labkit.course import EXERCISES
from labkit.course.images import recorded


@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        ("05-apps", 1, "too little"),
        ("05-apps", 1e6, "too much"),
        ("05-room", 1, "too little"),
        ("05-room", 1e6, "too much"),
        ("05-copies", 0.001, "not the line that is copied"),
        ("05-copies", 64, "a layer of its own"),
        ("05-copies", 1e6, "too much"),
        ("05-waiting", 1000, "too much"),
        ("05-waiting", 2, "too little"),
        ("05-vfs", 1, "the same one with vfs"),
        ("05-vfs", 100, "too much"),
        ("05-vfs", 0.01, "too little"),
    ],
)
def test_a_wrong_answer_has_its_reason(name: str, answer: float, reason: str) -> None:
    assert reason in EXERCISES[name].judge(answer)


def test_ten_images_are_not_ten_times_one() -> None:
    layers = stats.image_layers(recorded().layers)
    whole = layers[layers["image"] == "python-other-app"]["size_bytes"].sum() / 1e6
    judge = EXERCISES["05-apps"].judge
    assert judge(whole) == ""
    assert "all of its layers for itself" in judge(10 * whole)


def test_only_the_first_container_is_dear() -> None:
    pages = stats.page_sharing(recorded().sharing).set_index(["images", "running"])
    available = pages["total_pss_bytes"].to_dict()[10, 10]
    first, further = (pages["marginal_pss_bytes"].to_dict()[1, n] for n in (1, 10))
    judge = EXERCISES["05-room"].judge
    assert judge(1 + (available - first) // further) == ""
    assert "only the first one is so dear" in judge(available // first)
