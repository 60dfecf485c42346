"""What is handed to Docker: layers told by their content, an owner's label, a tag of our own."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

from labkit.backends.docker.containers import OWNER_LABEL
from labkit.experiments.images.archive import Recipe, sorted_entries
from labkit.experiments.images.recipes import file
from labkit.image.container import ImageLayer
from labkit.image.rootfs import folder
from labkit.system.owner_marks import owner


def made(tmp_path: Path) -> tuple[Recipe, dict[str, bytes]]:
    base = ImageLayer("base", (folder("data"), file("data/one", b"1")))
    recipe = Recipe("x", (base, ImageLayer("app", (file("app", b"2"),))))
    with tarfile.open(recipe.write(tmp_path)) as tar:
        content = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}  # type: ignore[union-attr]
    return recipe, content


def test_each_layer_is_told_by_the_digest_of_its_content(tmp_path: Path) -> None:
    recipe, content = made(tmp_path)
    (manifest,) = json.loads(content["manifest.json"])
    config = json.loads(content[manifest["Config"]])
    digests = [f"sha256:{hashlib.sha256(content[n]).hexdigest()}" for n in manifest["Layers"]]
    assert config["rootfs"]["diff_ids"] == digests == [layer.digest for layer in recipe.layers]
    assert [step["created_by"] for step in config["history"]] == ["base", "app"]
    assert recipe.files == 2


def test_the_image_says_whose_it_is(tmp_path: Path) -> None:
    recipe, content = made(tmp_path)
    (manifest,) = json.loads(content["manifest.json"])
    assert manifest["RepoTags"] == [recipe.tag] == [f"labkit/images-x:{owner()}"]
    labels = json.loads(content[manifest["Config"]])["config"]["Labels"]
    assert labels == {OWNER_LABEL: owner()}


def test_the_same_content_is_the_same_layer_and_a_mark_makes_another() -> None:
    one, same = (ImageLayer(title, (file("a", b"1"),)) for title in ("first", "second"))
    assert one.digest == same.digest
    assert ImageLayer("first", (file("a", b"2"),)).digest != one.digest


def test_entries_by_path_each_once() -> None:
    entries = sorted_entries([file("b/c", b""), folder("b"), folder("b")])
    assert [entry.path for entry in entries] == ["b", "b/c"]
