"""The judges of chapter 05."""

from __future__ import annotations

import pytest

from labkit.course.exercise import recorded
from labkit.course.images import IMAGES
from labkit.experiments.images import stats
from tests.unit.students import told


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
    assert all(reason in words for words in told(name, answer))


def test_ten_images_are_not_ten_times_one() -> None:
    layers = stats.image_layers(recorded(IMAGES).layers)
    whole = layers[layers["image"] == "python-other-app"]["size_bytes"].sum() / 1e6
    assert set(told("05-apps", whole)) == {""}
    separate = told("05-apps", lambda images: images * whole)
    assert all("all of its layers for itself" in words for words in separate)


def test_only_the_first_container_takes_that_much() -> None:
    pages = stats.page_sharing(recorded(IMAGES).page_sharing).set_index(["images", "running"])
    available = pages["total_pss_bytes"].to_dict()[10, 10]
    first, further = (pages["marginal_pss_bytes"].to_dict()[1, n] for n in (1, 10))
    assert told("05-room", 1 + (available - first) // further) == [""]
    assert told("05-room", available // first) == ["only the first one takes as much"]
