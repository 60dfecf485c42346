"""An image with Debian's programs, of an archive with small ones."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from labkit import image
from labkit.errors import ImageError, UsageError
from labkit.image import LabImage, known_files
from labkit.image.download import Unreachable
from labkit.image.lab_image import load
from tests.unit.image.archive import Archive
from tests.unit.image.conftest import unfinished


@pytest.fixture
def programs(debian: Archive) -> Archive:
    """What every such image holds, and two programs with a library."""
    for name in ("base-files", "base-passwd", "usr-is-merged"):
        debian.add(name, {f"usr/share/doc/{name}/copyright": b"free"})
    debian.add("tool", {"usr/bin/tool": b"\x7fELF tool"}, depends="libtool (>= 1.0)")
    debian.add("libtool", {"lib/libtool.so": b"\x7fELF library"}, version="1.1-1")
    debian.add("server", {"usr/sbin/server": b"\x7fELF server"})
    debian.publish()
    return debian


def build(*packages: str, refresh: bool = False) -> LabImage:
    return image.build(packages=packages, refresh=refresh, progress=False)


def test_all_packagings_hold_the_same_files(programs: Archive) -> None:
    built = build("tool")
    assert (built.rootfs / "usr/bin/tool").read_bytes() == b"\x7fELF tool"
    assert (built.rootfs / "lib/libtool.so").read_bytes() == b"\x7fELF library"
    with tarfile.open(built.container_tar) as archive:
        layer = archive.extractfile("layer.tar")
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as files:
            names = set(files.getnames())
    folder = {path.relative_to(built.rootfs).as_posix() for path in built.rootfs.rglob("*")}
    assert names == folder
    assert built.disk is not None and b"\x7fELF library" in built.disk.read_bytes()
    # A guest begins in a small one, which mounts that disk.
    assert b"ELF library" not in built.initramfs.read_bytes()


def test_the_record_names_each_package_with_its_version(programs: Archive, cache: Path) -> None:
    built = build("tool")
    record = built.describe()["programs"]
    assert built.packages == ("tool",) == tuple(record["names"])
    assert built.versions["libtool"] == record["packages"]["libtool"]["version"] == "1.1-1"
    assert len(record["packages"]["tool"]["sha256"]) == 64 and "server" not in record["packages"]
    assert programs.url not in json.dumps(built.describe())
    assert unfinished(cache) == []


def test_an_image_without_programs_is_what_it_was(programs: Archive) -> None:
    plain = build()
    with_tool = build("tool")
    assert plain.digest != with_tool.digest
    assert (plain.packages, plain.disk, plain.versions) == ((), None, {})
    assert "programs" not in plain.describe() and build() == plain == image.find()
    assert plain.describe()["packages"] == with_tool.describe()["packages"]


def test_how_long_builds_took_is_known(programs: Archive, cache: Path) -> None:
    assert image.build_times() == [] and image.find() is None
    for packages in ((), ("tool",), ("tool",)):
        build(*packages)
    assert len(image.build_times()) == 2 and all(0 <= took < 60 for took in image.build_times())
    for damaged in ("{", "[]", '{"seconds": 7}', '{"seconds": ["soon"]}'):
        (cache / "debs/builds.json").write_text(damaged)
        assert image.build_times() == []
    assert build("server") and len(image.build_times()) == 1


def test_a_second_build_asks_for_nothing(programs: Archive) -> None:
    first = build("tool", "server")
    programs.requests.clear()
    assert build("server", "tool", "tool") == first == image.find(packages=["tool", "server"])
    assert programs.requests == []
    assert image.find(packages=["tool"]) is None


def test_offline_what_was_built_before_is_found(programs: Archive, cache: Path) -> None:
    first = build("tool")
    for pins in (cache / "debs").glob("*.json"):
        pins.unlink()
    programs.stop()
    assert build("tool") == first == image.find(packages=["tool"])
    with pytest.raises(Unreachable):
        build("server")


def test_newer_versions_only_when_they_are_asked_for(programs: Archive) -> None:
    first = build("tool")
    programs.add("libtool", {"lib/libtool.so": b"newer"}, version="1.2-1")
    programs.publish()
    assert build("tool") == first
    assert build("tool", refresh=True).versions["libtool"] == "1.2-1"


@pytest.mark.parametrize(
    ("name", "error"), [("gone", ImageError), ("not a name", UsageError), ("broken", ImageError)]
)
def test_what_cannot_be_had_leaves_nothing(
    programs: Archive, cache: Path, name: str, error: type[Exception]
) -> None:
    programs.add("broken", {}, depends="libgone")
    programs.publish()
    with pytest.raises(error):
        build("tool", name)
    assert unfinished(cache) == []
    assert list(cache.glob("images/*")) == list(cache.glob("debs/programs-*")) == []


def test_a_damaged_one_is_built_again(programs: Archive) -> None:
    first = build("tool")
    (first.rootfs / "usr/bin/tool").unlink()
    assert load(first.folder, first.digest) is None
    again = build("tool")
    assert again == first and (again.rootfs / "usr/bin/tool").is_file()


def test_it_goes_with_the_cache(programs: Archive, cache: Path) -> None:
    build("tool")
    assert known_files.remove_cache() == []
    assert not cache.exists()
