"""What `labkit clean` takes from the folders that a user has named, and what it never touches."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from labkit import apps, image
from labkit.backends.qemu import engines
from labkit.errors import ImageError
from labkit.image import LabImage, known_files
from labkit.image.networked import networked
from labkit.measure import cleanup
from labkit.setup import steps, virtualbox
from labkit.system.owner_marks import owner
from tests.unit.image.archive import Archive
from tests.unit.marks import GONE

HEX = "0123456789ab"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what lies in the two folders is looked at, and the kernel has no drivers."""
    monkeypatch.setattr(sys.modules[networked.__module__], "_drivers", lambda *_, **__: [])
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(cleanup, "sweep", lambda backends, keep: [])
    monkeypatch.setattr(apps, "tidy", lambda keep: ([], []))


def build() -> LabImage:
    return image.build(progress=False)


def clean() -> list[str]:
    return steps.clean_up(daemon=True, virtualbox=True, cache=True)


def content(folder: Path) -> dict[str, tuple[str, str]]:
    """Path → kind and content (or what a link says) of all that is in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        kind = stat.filemode(path.lstat().st_mode)
        data = str(path.readlink()) if path.is_symlink() else ""
        if path.is_file() and not path.is_symlink():
            data = hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.relative_to(folder).as_posix()] = (kind, data)
    return found


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


FOREIGN = {
    "thesis.tex": "years of work",
    ".hidden/file": "hidden",
    "debs/notes.txt": "how I made them",
    "debs/pins.json": '{"sewing": "pins"}',
    f"debs/mine-{HEX}.deb": "a package of mine",
    "debs/.unfinished-symphony/score": "Schubert",
    "images/holiday.jpg": "a picture",
    f"images/{HEX}/vmlinuz": "what a network card's computer boots",
    f"images/{HEX}-network-01234567/image.json": '{"width": 640}',
    "images/ABCDEF012345/image.json": '{"files": {}}',
    "virtualbox/root-1/etc/passwd": "somebody",
    "virtualbox/root-1/VMs/disk.vdi": "a disk",
    "engines.json": "combustion",
    "dockerd.json": '{"mark": "mine"}',
    "dockerd.log": "a log",
    "docker-images/drawing": "a ship",
    "selftest.json": "{}",
    ".labkit-folders.bak": ".\n",
}


def test_a_folder_with_like_named_things_stays_as_it_was(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_STATE", str(cache))
    put(cache, FOREIGN)
    for name in ("images/empty", "debs/empty", "virtualbox/empty", "tmp"):
        (cache / name).mkdir()
    (cache / "images/away").symlink_to(cache / ".hidden")
    before = content(cache)
    told = "\n".join(clean())
    assert content(cache) == before
    assert f"kept {cache}/debs/pins.json" in told


def test_what_was_built_into_a_folder_goes_and_what_was_there_stays(
    debian: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same folder for cache and state, as a user may have it."""
    del (foreign := dict(FOREIGN))["debs/pins.json"]  # the lab would need it
    put(cache, foreign)
    monkeypatch.setenv("LABKIT_STATE", str(cache))
    before = content(cache)
    networked(build(), progress=False)
    digest = build().digest
    put(cache / "images" / digest[:12], {"mine.txt": "a note of mine"})
    clean()
    left = content(cache)
    folder = f"images/{digest[:12]}"
    assert {path: left[path] for path in before} == before
    assert left.keys() - before.keys() == {folder, f"{folder}/mine.txt"}


def test_a_cache_that_the_lab_has_made_goes_as_a_whole(debian: Archive, cache: Path) -> None:
    networked(build(), progress=False)
    known_files.make_cache_folder(cache / "virtualbox")
    put(cache / "virtualbox", {"root-1/usr/lib/virtualbox/VBoxManage": "", "root-1/etc/x": ""})
    (cache / "virtualbox/root-1/bin").symlink_to("usr/bin")
    told = steps.clean_up(virtualbox=True)
    assert told == [f"removed {cache / 'virtualbox'}"] and not (cache / "virtualbox").exists()
    assert clean() == [f"removed {cache}"]
    assert not cache.exists()


def test_so_does_one_that_was_empty_when_the_lab_first_used_it(
    debian: Archive, cache: Path
) -> None:
    cache.mkdir()
    build()
    clean()
    assert not cache.exists()


def test_one_that_was_not_empty_then_stays_even_if_it_is_now(debian: Archive, cache: Path) -> None:
    put(cache, {"file": "", "images/file": ""})
    build()
    (cache / "file").unlink()
    (cache / "images/file").unlink()
    assert f"kept {cache}: it is not the lab's, or in use" in clean()
    assert [path.name for path in cache.rglob("*")] == ["images"]


def test_without_a_note_of_it_no_folder_goes(debian: Archive, cache: Path) -> None:
    build()
    (cache / known_files.NOTE).unlink()
    clean()
    assert sorted(path.name for path in cache.rglob("*")) == ["debs", "images"]


@pytest.mark.parametrize("name", ["debs", "images", "virtualbox"])
def test_no_link_is_followed(debian: Archive, cache: Path, tmp_path: Path, name: str) -> None:
    """Not even to what the lab itself has put behind it."""
    build()
    put(cache / "virtualbox", {"root-1/usr/lib/virtualbox/VBoxManage": ""})
    (cache / name).rename(tmp_path / "precious")
    (cache / name).symlink_to("../precious")
    before = content(tmp_path / "precious")
    clean()
    assert content(tmp_path / "precious") == before
    assert (cache / name).is_symlink()


def test_a_link_within_an_image_is_not_followed(
    debian: Archive, cache: Path, tmp_path: Path
) -> None:
    built = build()
    (built.rootfs / "lab/workloads").rename(tmp_path / "workloads")
    (built.rootfs / "lab/workloads").symlink_to(tmp_path / "workloads")
    before = content(tmp_path / "workloads")
    told = clean()
    assert content(tmp_path / "workloads") == before != {}
    assert any(str(built.rootfs / "lab/workloads") in line for line in told)


def test_the_cache_may_be_named_by_a_link(
    debian: Archive, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "d", {"file": "mine"})
    (tmp_path / "link").symlink_to("d")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "link"))
    build()
    clean()
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "d").keys() == {"file"}


def test_what_a_build_is_at_stays_and_what_a_killed_one_left_goes(
    debian: Archive, cache: Path
) -> None:
    build()
    for mark in (owner(), GONE):
        put(cache / "images" / f".unfinished-{mark}-x", {"image/vmlinuz": ""})
    clean()
    assert [path.name for path in (cache / "images").iterdir()] == [f".unfinished-{owner()}-x"]


def test_what_stays_is_named_as_far_as_anybody_reads(cache: Path) -> None:
    put(cache, {f"images/{number}.jpg": "" for number in range(50)})
    told = clean()
    assert told[-1] == "kept 41 more" and len(told) == steps.TOLD + 2


@pytest.mark.parametrize("kind", ["folder", "link", "file"])
def test_a_damaged_image_is_not_replaced_together_with_what_is_not_ours(
    debian: Archive, tmp_path: Path, kind: str
) -> None:
    built = build()
    built.initramfs.unlink()
    match kind:
        case "folder":
            put(built.folder, {"mine/file": ""})
        case "link":
            built.folder.rename(tmp_path / "away")
            built.folder.symlink_to(tmp_path / "away")
        case "file":
            shutil.rmtree(built.folder)
            built.folder.write_text("mine")
    before = content(tmp_path)
    with pytest.raises(ImageError) as caught:
        build()
    assert str(built.folder) in caught.value.brief and "move" in caught.value.resolution
    assert content(tmp_path) == before


def test_a_virtualbox_that_is_not_ours_stays(cache: Path) -> None:
    put(cache, {"virtualbox/root-1/disk.vdi": "mine", "virtualbox/root-x/etc/passwd": ""})
    before = content(cache)
    assert virtualbox.remove_virtualbox() is None
    assert content(cache) == before


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_nothing_in_cache_and_state_is_for_others_to_write_and_the_bits_are_the_same(
    debian: Archive, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    usual = networked(build(), progress=False)
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "other"))
    before = os.umask(umask)
    try:
        other = networked(build(), progress=False)
        engines.forget()
    finally:
        os.umask(before)
    assert other.digest == usual.digest
    bits = {path: data for path, (_, data) in content(cache / "images").items()}
    assert {path: data for path, (_, data) in content(tmp_path / "other/images").items()} == bits
    modes = {path: kind for path, (kind, _) in content(usual.rootfs).items()}
    assert {path: kind for path, (kind, _) in content(other.rootfs).items()} == modes
    for path in (*(tmp_path / "other").rglob("*"), *(tmp_path / "state").rglob("*")):
        if not path.is_symlink() and path != other.rootfs / "tmp":
            assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH), path
