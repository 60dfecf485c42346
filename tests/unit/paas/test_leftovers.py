"""Which apps and images of killed labs are removed, and what a user has made stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from labkit.apps import tidying
from labkit.apps.containers import Apps
from labkit.apps.images import APP_LABEL, AppImages
from labkit.backends.docker import backend
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge, Kept
from tests.unit.marks import ELSEWHERE, GONE

OWNER = "org.labkit.owner"


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (f"trial-{GONE}", True),
        (f"trial-{owner()}", False),
        ("trial-run", False),
        ("trial-2-1", False),
        (GONE, False),
    ],
    ids=["dead", "alive", "a user's", "almost a mark", "no trial"],
)
def test_an_app_is_left_of_a_killed_comparison_only_with_its_mark(name: str, left: bool) -> None:
    assert tidying._is_left_of_a_trial(name, Judge()) == left


def test_images_go_by_the_names_that_their_lab_has_given_them() -> None:
    def image(mark: str, *tags: str) -> SimpleNamespace:
        return SimpleNamespace(labels={OWNER: mark}, tags=list(tags))

    mine = f"labkit/by-hand-{GONE}:1"
    there = [
        image(GONE, mine, "kept/by-me:1"),
        image(GONE, f"labkit/images-python:{GONE}"),
        image(GONE, "mine/on-top:1", f"mine/by-hand-{GONE}:1"),  # made of one of the lab's
        image("somebody", "labkit/by-hand-somebody:1"),
        image(owner(), f"labkit/by-hand-{owner()}:1"),
    ]
    client: Any = SimpleNamespace(images=SimpleNamespace(list=lambda filters: there))
    assert AppImages(client).left(Judge()) == [mine, f"labkit/images-python:{GONE}"]


def test_images_of_labs_elsewhere_stay_and_are_told() -> None:
    tag = f"labkit/by-hand-{ELSEWHERE}:1"
    there = [SimpleNamespace(labels={OWNER: ELSEWHERE}, tags=[tag, "kept/by-me:1"])]
    client: Any = SimpleNamespace(images=SimpleNamespace(list=lambda filters: there))
    kept: list[Kept] = []
    assert AppImages(client).left(Judge(keep=kept.append)) == []
    assert [one.by_hand for one in kept] == [f"docker rmi {tag}"]


def test_a_container_that_a_user_has_made_of_an_apps_image_is_no_app() -> None:
    """It has the image's label, and maybe a name that is like an app's."""

    def container(name: str, **labels: str) -> SimpleNamespace:
        marks = {f"{APP_LABEL}{end}": value for end, value in {"": "shop", **labels}.items()}
        return SimpleNamespace(name=name, labels=marks, status="running")

    app = {".release": "2", ".port": "8000"}
    there = [
        container("labkit-app-shop-2", **app),
        container("quirky_einstein"),
        container("labkit-app-shop-copy"),
        container("quirky_bohr", **app),
        container(f"labkit-candidate-shop-2-{owner()}", **app),
    ]
    client: Any = SimpleNamespace(containers=SimpleNamespace(list=lambda **_: there))
    assert [one.container for one in Apps(client).containers()] == ["labkit-app-shop-2"]


def test_images_that_a_user_has_made_of_an_apps_are_not_looked_at() -> None:
    made = SimpleNamespace(labels={APP_LABEL: "shop"}, tags=["mine/shop:1"])

    def images(name: str = "", filters: object = None) -> list[SimpleNamespace]:
        return [] if name else [made]

    client: Any = SimpleNamespace(
        images=SimpleNamespace(list=images), containers=SimpleNamespace(list=lambda **_: [])
    )
    kept: list[Kept] = []
    assert tidying._forget_unused(Apps(client), Judge(keep=kept.append)) == [] == kept


@pytest.mark.parametrize("name", ["quirky_einstein", f"labkit-app-{ELSEWHERE}", f"x-{GONE}-1"])
def test_a_container_that_a_user_has_made_of_a_labs_image_is_no_leftover(name: str) -> None:
    """It has the label, by which its owner is known to have ended."""
    container: Any = SimpleNamespace(name=name, labels={OWNER: GONE})
    assert not backend._is_left(container, Judge())
    container.name = f"labkit-{GONE}-images-1"
    assert backend._is_left(container, Judge())
