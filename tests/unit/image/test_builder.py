from __future__ import annotations

import errno
import hashlib
import platform
import shutil
import threading
from pathlib import Path

import pytest

from labkit import image
from labkit.errors import ImageError
from labkit.image import LabImage, packaging, release
from labkit.image.architecture import AMD64, ARM64
from labkit.image.download import Unreachable
from labkit.system.owner_marks import owner
from tests.unit.image.archive import Archive, make_kernel
from tests.unit.image.conftest import unfinished
from tests.unit.marks import ELSEWHERE, GONE


def build(kernel: Path | None = None, *, refresh: bool = False) -> LabImage:
    return image.build(kernel=kernel, refresh=refresh, progress=False)


def packagings(built: LabImage) -> dict[str, str]:
    files = (built.container_tar, built.kernel, built.initramfs, built.iso)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path}


def test_a_built_image(debian: Archive, cache: Path) -> None:
    built = build()
    assert built.folder == cache / "images" / built.digest[:12]
    assert built.kernel_version == "6.1.0-7-cloud-amd64"
    assert (built.rootfs / "bin/busybox").read_bytes() == b"\x7fELF busybox"
    assert (built.rootfs / "lab/agent").is_file()
    assert unfinished(cache) == []
    assert image.find() == built


def test_on_a_computer_with_arm_it_is_one_for_arm(
    archive: Archive, cache: Path, guest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.fill()
    other = build()
    archive.fill("arm64")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    built = build()
    assert (built.architecture, other.architecture) == (ARM64, AMD64)
    assert built.kernel_version == "6.1.0-7-cloud-arm64" and built.iso is None
    assert image.find() == built
    assert {path.name for path in (cache / "debs").glob("pins*.json")} == {
        "pins.json",
        "pins-arm64.json",
    }


def test_the_record(debian: Archive) -> None:
    built = build()
    record = built.describe()
    assert record["digest"] == built.digest and len(built.digest) == 64
    assert record["container_id"] == built.container_id
    assert record["packages"]["busybox-static"]["version"] == "1.0-1"
    assert set(record["signatures"]) == {"bookworm", "bookworm-security"}
    assert record["signatures"]["bookworm"].startswith("not verified: ")
    assert built.iso and record["bytes"]["lab.iso"] == built.iso.stat().st_size
    assert debian.url not in (built.folder / "image.json").read_text()


def test_the_same_inputs_make_the_same_bits(
    debian: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build()
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "another"))
    second = build()
    assert first.folder != second.folder
    assert (first.digest, first.container_id) == (second.digest, second.container_id)
    assert packagings(first) == packagings(second)


def test_a_second_build_does_nothing_and_needs_no_network(debian: Archive) -> None:
    assert image.find() is None
    first = build()
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    debian.requests.clear()
    assert build() == first == image.find()
    assert debian.requests == []
    assert before == {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}


def test_an_image_that_is_there_needs_neither_pins_nor_network(
    debian: Archive, cache: Path
) -> None:
    built = build()
    debian.stop()
    shutil.rmtree(cache / "debs")
    assert image.find() == built
    assert build() == built
    with pytest.raises(Unreachable):
        build(refresh=True)


def test_changed_guest_files_need_no_network_either(debian: Archive, guest: Path) -> None:
    first = build()
    debian.requests.clear()
    (guest / "workloads/new.sh").write_text("step() { :; }\n")
    assert image.find() is None
    second = build()
    assert second.digest != first.digest and debian.requests == []
    assert (second.rootfs / "lab/workloads/new.sh").is_file()


def test_refresh_takes_newer_packages(debian: Archive) -> None:
    first = build()
    debian.add(
        "busybox-static", {"bin/busybox": b"newer"}, version="1.0-2", suite="bookworm-security"
    )
    debian.publish("bookworm-security", by_hash=True)
    assert build() == first
    second = build(refresh=True)
    assert (second.rootfs / "bin/busybox").read_bytes() == b"newer"
    assert image.find() == second


def test_a_package_that_the_mirror_has_dropped(debian: Archive, cache: Path) -> None:
    first = build()
    old = debian.folder / "debian/pool/busybox-static_1.0-1_amd64.deb"
    old.unlink()
    next((cache / "debs").glob("busybox-static-*.deb")).unlink()
    (first.folder / "image.json").unlink()
    debian.add("busybox-static", {"bin/busybox": b"newer"}, version="1.0-2")
    debian.publish()
    assert (build().rootfs / "bin/busybox").read_bytes() == b"newer"


def test_no_security_suite(debian: Archive) -> None:
    (debian.folder / "debian/dists/bookworm-security/InRelease").unlink()
    assert build().describe()["signatures"]["bookworm-security"].startswith("not used: ")


def test_an_archive_that_is_not_debians(debian: Archive, cache: Path) -> None:
    debian.publish(origin="Somebody")
    with pytest.raises(Unreachable, match="not Debian's archive"):
        build()
    assert not (cache / "debs/pins.json").exists()


@pytest.mark.skipif(not shutil.which("gpgv"), reason="gpgv is not installed")
def test_an_archive_that_is_not_signed(
    debian: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir()
    (cache / "keyring.gpg").write_bytes(b"")
    monkeypatch.setattr(release, "KEYRING", cache / "keyring.gpg")
    with pytest.raises(ImageError, match="not signed by Debian"):
        build()
    assert list((cache / "debs").iterdir()) == []


def test_a_wrong_deb(debian: Archive, cache: Path) -> None:
    deb = debian.folder / "debian/pool/isolinux_1.0-1_amd64.deb"
    deb.write_bytes(deb.read_bytes()[:-1] + b"?")
    with pytest.raises(ImageError, match="not the file that the archive's index names"):
        build()
    assert list((cache / "debs").glob("isolinux*")) == unfinished(cache) == []


def test_a_wrong_index(debian: Archive, cache: Path) -> None:
    index = debian.folder / "debian/dists/bookworm/main/binary-amd64/Packages.xz"
    index.write_bytes(index.read_bytes() + b"?")
    with pytest.raises(ImageError, match="expected SHA-256"):
        build()
    assert unfinished(cache) == []


def test_no_network_at_all(debian: Archive, cache: Path) -> None:
    (debian.folder / "debian/dists/bookworm/InRelease").unlink()
    with pytest.raises(Unreachable) as caught:
        build()
    assert "--refresh" in caught.value.resolution
    assert image.find() is None


def test_the_users_own_kernel(debian: Archive, tmp_path: Path) -> None:
    kernel = tmp_path / "bzImage"
    kernel.write_bytes(make_kernel("7.0.0-mine"))
    built = build(kernel)
    assert built.kernel.read_bytes() == kernel.read_bytes()
    assert built.kernel_version == "7.0.0-mine"
    assert not any("pool/linux-image" in path for path in debian.requests)
    assert image.find(kernel=kernel) == built and image.find() is None
    kernel.write_bytes(make_kernel("7.0.1-mine"))
    assert build(kernel).digest != built.digest


def test_an_interrupted_build_leaves_nothing(
    debian: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packaging, "write_folder", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build()
    assert list((cache / "images").iterdir()) == []
    assert image.find() is None
    assert build() == image.find()


def test_what_killed_builds_have_left_is_removed(debian: Archive, cache: Path) -> None:
    dead = cache / f"images/.unfinished-{GONE}-abc/image"
    alive = cache / f"debs/.unfinished-{owner()}-abc"
    unknown = cache / f"debs/.unfinished-{ELSEWHERE}-abc"
    for folder in (dead, alive, unknown):
        folder.mkdir(parents=True)
    (dead / "image.json").write_text("{}")
    build()
    assert sorted(unfinished(cache)) == sorted([alive, unknown])


@pytest.mark.parametrize("harm", ["missing", "shorter", "record", "rootfs"])
def test_a_damaged_image_is_built_again(debian: Archive, harm: str) -> None:
    first = build()
    before = packagings(first)
    match harm:
        case "missing":
            first.initramfs.unlink()
        case "shorter":
            first.kernel.write_bytes(b"short")
        case "record":
            (first.folder / "image.json").write_text('{"digest":')
        case "rootfs":
            (first.rootfs / "lab/agent").write_text("#!")
    debian.requests.clear()
    assert image.find() is None
    assert build() == first
    assert packagings(first) == before and debian.requests == []


@pytest.mark.parametrize("content", ["", "[]", "{", '{"packages": {"x": {}}}', '{"packages": 1}'])
def test_damaged_pins_are_looked_up_again(debian: Archive, cache: Path, content: str) -> None:
    first = build()
    pins = cache / "debs/pins.json"
    sound = pins.read_text()
    pins.write_text(content)
    assert build() == first == image.find()
    assert pins.read_text() == sound


def test_disk_full(debian: Archive, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packaging, "write_initramfs", full)
    with pytest.raises(ImageError, match="no room left") as caught:
        build()
    assert str(cache / "images") in caught.value.brief and "MiB are needed" in caught.value.details
    assert list((cache / "images").iterdir()) == []


def test_builds_at_the_same_time(debian: Archive, cache: Path) -> None:
    built: list[LabImage] = []
    threads = [threading.Thread(target=lambda: built.append(build())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 4 and len(set(built)) == 1
    assert [path.name for path in (cache / "images").iterdir()] == [built[0].digest[:12]]
    assert image.find() == built[0]


def test_a_package_without_its_file(debian: Archive) -> None:
    debian.add("isolinux", {"usr/lib/other": b""}, version="2.0-1")
    debian.publish()
    with pytest.raises(ImageError, match=r"no file usr/lib/ISOLINUX/isolinux\.bin"):
        build()
