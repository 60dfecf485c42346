"""Which lab images go from the daemon's store when a new one comes: on a client that keeps a list
of images, with the refusals of the real one."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from docker.errors import APIError, ImageNotFound

from labkit.backends import docker_store
from labkit.image import LabImage
from labkit.image.lab_image import image_in

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
    return SimpleNamespace(labels={label: digest}, tags=[*(tags or [f"labkit/lab:{digest[:12]}"])])


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(docker_store, "_held", {})
    return tmp_path / "state"


@pytest.fixture
def image(tmp_path: Path) -> LabImage:
    (tmp_path / "container.tar").write_bytes(b"an archive")
    names = ("container_id", "command_line", "kernel_version")
    record = dict.fromkeys(names, "x") | {"digest": NEW, "container_tag": f"labkit/lab:{NEW[:12]}"}
    return image_in(tmp_path, record)


def load(images: Images, image: LabImage) -> None:
    docker_store.load(SimpleNamespace(images=images), image)  # type: ignore[arg-type]


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


HOLDS = """
import sys
from types import SimpleNamespace
from labkit.backends import docker_store
there = SimpleNamespace(labels={docker_store.LABEL: sys.argv[1]})
client = SimpleNamespace(images=SimpleNamespace(get=lambda tag: there))
docker_store.load(client, SimpleNamespace(digest=sys.argv[1], container_tag=""))
print("holds", flush=True)
input()
"""


def test_what_another_lab_relies_on_stays_until_that_has_ended(image: LabImage) -> None:
    """Also while it has no container; and a lab that was killed relies on nothing."""
    lab = subprocess.Popen(
        [sys.executable, "-c", HOLDS, OLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert lab.stdout is not None and lab.stdout.readline() == "holds\n"
        images = Images(stored(OLD), stored(OLDER))
        load(images, image)
        assert images.digests == {OLD, NEW}
    finally:
        lab.kill()
        lab.communicate()
    load(later := Images(stored(OLD)), image)
    assert later.digests == {NEW}


def test_where_nothing_can_be_locked_the_image_is_loaded_all_the_same(
    image: LabImage, state: Path
) -> None:
    state.write_text("a file, where the folder should be")
    images = Images(stored(OLD))
    load(images, image)
    assert images.digests == {OLD, NEW}


def test_the_lock_is_kept_for_the_life_of_the_process(image: LabImage, state: Path) -> None:
    load(Images(), image)
    with (state / "docker-images" / NEW[:12]).open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    load(Images(), image)
    assert list(docker_store._held) == [NEW]


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
