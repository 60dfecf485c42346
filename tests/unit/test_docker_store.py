"""Which lab images go from the daemon's store when a new one comes: on a client that keeps a list
of images, with the refusals of the real one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError, ImageNotFound

from labkit.backends.distribution import container
from labkit.backends.docker import store
from labkit.image import LabImage
from labkit.image.distribution import Distribution
from labkit.image.lab_image import image_in
from labkit.system.owner_marks import owner
from labkit.system.ownership import Judge
from tests.unit.marks import ELSEWHERE, GONE, LIVES, OLD_FORM, OTHER_BOOT

OLD, OLDER, NEW = "a" * 64, "b" * 64, "c" * 64
OURS = "org.labkit.image"


class Images:
    """What the lab asks of the SDK's images."""

    def __init__(self, *there: SimpleNamespace) -> None:
        self.there = list(there)
        self.used: set[str] = set()
        self.loaded: list[bytes] = []

    def list(self, name: str, filters: dict[str, str]) -> list[SimpleNamespace]:
        named = [i for i in self.there if any(t.startswith(f"{name}:") for t in i.tags)]
        return [i for i in named if filters["label"] in i.labels]

    def get(self, tag: str) -> SimpleNamespace:
        for image in self.there:
            if tag in image.tags:
                return image
        raise ImageNotFound("no such image")

    def load(self, tar: Any) -> None:
        self.loaded.append(tar.read())
        self.there.append(stored(NEW))

    def remove(self, tag: str) -> None:
        image = self.get(tag)
        if tag in self.used:
            raise APIError("conflict", requests.Response())
        image.tags.remove(tag)
        if not image.tags:
            self.there.remove(image)

    @property
    def digests(self) -> set[str]:
        return {image.labels.get(OURS, "") for image in self.there}


def stored(digest: str, *tags: str, label: str = OURS) -> SimpleNamespace:
    known = [*(tags or [f"labkit/lab:{digest[:12]}"])]

    def tag(repository: str, tag: str) -> None:
        if (name := f"{repository}:{tag}") not in known:
            known.append(name)

    return SimpleNamespace(labels={label: digest}, tags=known, tag=tag)


@pytest.fixture
def image(tmp_path: Path) -> LabImage:
    (tmp_path / "container.tar").write_bytes(b"an archive")
    names = ("container_id", "command_line", "kernel_version")
    record = dict.fromkeys(names, "x") | {"digest": NEW, "container_tag": f"labkit/lab:{NEW[:12]}"}
    return image_in(tmp_path, record)


def load(images: Images, image: LabImage) -> None:
    store.load(SimpleNamespace(images=images), image)  # type: ignore[arg-type]


def drop(images: Images, *, mine: bool) -> None:
    store.drop_claims(SimpleNamespace(images=images), Judge(mine=mine))  # type: ignore[arg-type]


def test_a_new_lab_image_supersedes_the_others(image: LabImage) -> None:
    images = Images(stored(OLD), stored(OLDER))
    load(images, image)
    assert images.digests == {NEW} and images.loaded == [b"an archive"]


def test_one_that_is_there_is_not_loaded_and_nothing_goes(image: LabImage) -> None:
    images = Images(stored(OLD), stored(NEW))
    load(images, image)
    assert images.digests == {OLD, NEW} and images.loaded == []


def test_what_a_container_is_made_of_stays_and_is_no_error(image: LabImage) -> None:
    images = Images(stored(OLD), stored(OLDER))
    images.used.add(f"labkit/lab:{OLD[:12]}")
    load(images, image)
    assert images.digests == {OLD, NEW}


def test_only_images_of_the_lab_go_and_only_by_the_labs_name(image: LabImage) -> None:
    app = stored("", "labkit/app-blog:1", label="org.labkit.app")
    foreign = stored("", "labkit/lab:mine", label="somebody.else")
    odd = stored("../../etc/passwd", "labkit/lab:odd")
    renamed = stored(OLD, "labkit/lab:aaaaaaaaaaaa", "kept/by-me:1")
    images = Images(app, foreign, odd, renamed)
    load(images, image)
    assert images.there[:4] == [app, foreign, odd, renamed]
    assert renamed.tags == ["kept/by-me:1"]


def test_an_image_that_a_user_has_made_of_a_lab_image_stays(image: LabImage) -> None:
    """It has the lab image's label."""
    derived = stored(OLD, "labkit/lab:mine")
    images = Images(derived, stored(OLD))
    load(images, image)
    assert images.there[0] is derived and images.digests == {OLD, NEW}


@pytest.mark.parametrize(
    "mark",
    [owner(), LIVES, ELSEWHERE, OTHER_BOOT, OLD_FORM, GONE],
    ids=["ours", "lives", "elsewhere", "other boot", "old form", "gone"],
)
def test_what_another_lab_relies_on_stays_unless_that_is_known_to_have_ended(
    image: LabImage, mark: str
) -> None:
    """Also while it has no container."""
    claim = f"labkit/lab:by-{mark}"
    claimed = stored(OLD, f"labkit/lab:{OLD[:12]}", claim)
    load(images := Images(claimed, stored(OLDER)), image)
    assert images.digests == ({NEW} if mark == GONE else {OLD, NEW})
    drop(images, mine=False)
    assert (claim in claimed.tags) == (mark != GONE)


def test_what_this_lab_relies_on_is_claimed_until_it_sweeps_up(image: LabImage) -> None:
    load(images := Images(), image)
    load(images, image)
    assert images.there[0].tags == [image.container_tag, f"labkit/lab:by-{owner()}"]
    drop(images, mine=False)
    assert len(images.there[0].tags) == 2
    drop(images, mine=True)
    assert images.there[0].tags == [image.container_tag]


def test_one_that_goes_before_it_is_claimed_is_loaded_again(image: LabImage) -> None:
    images = Images(there := stored(NEW))

    def gone(repository: str, tag: str) -> None:
        images.there.remove(there)
        raise ImageNotFound("no such image")

    there.tag = gone
    load(images, image)
    assert images.loaded == [b"an archive"] and len(images.there[0].tags) == 2


def test_a_distribution_is_claimed_as_a_lab_image_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of, older, mine = (f"labkit/distribution:{it}" for it in (NEW[:12], OLD[:12], "mine"))
    label = store.DISTRIBUTIONS.label
    claimed = stored(OLDER, f"labkit/distribution:by-{LIVES}", label=label)
    images = Images(stored(OLD, older, mine, label=label), claimed)

    def take(file: str, **_: Any) -> None:
        images.there.append(stored(NEW, of, label=label))

    client: Any = SimpleNamespace(images=images, api=SimpleNamespace(import_image_from_file=take))
    made = Distribution(tmp_path, NEW, "Debian", "6.1", {})
    container.load(client, made)
    container.load(client, made)
    tags = [image.tags for image in images.there]
    assert tags == [[mine], claimed.tags, [of, f"labkit/distribution:by-{owner()}"]]

    def connected(**_: Any) -> Any:
        return nullcontext(client)

    monkeypatch.setattr(container, "connected", connected)
    assert container.remove_from_daemon(made) == container.remove_from_daemon(None) == []
    store.drop_claims(client, Judge(mine=True), store.DISTRIBUTIONS)
    assert container.remove_from_daemon(made) == [of]
    assert container.remove_from_daemon(made) == []


def failing(error: Exception) -> Callable[..., None]:
    def fail(*words: object, **options: object) -> None:
        raise error

    return fail


def test_a_daemon_that_goes_away_meanwhile_costs_no_run(
    image: LabImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = Images(stored(OLD))
    monkeypatch.setattr(images, "list", failing(requests.ConnectionError("gone")))
    load(images, image)
    assert images.digests == {OLD, NEW}
