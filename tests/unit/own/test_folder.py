"""What is a folder and what an image's name, and what is made of a builder's words, and what is
sent."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labkit.backends.own import folder
from labkit.backends.own.names import is_folder
from labkit.errors import BackendError, NoRoom
from tests.disks import small_disk

MADE = [
    "Step 1/3 : FROM app:1",
    " ---> 0123456789ab",
    "Step 2/3 : COPY . /",
    " ---> Using cache",
    " ---> aaaaaaaaaaaa",
]


@pytest.mark.parametrize(
    ("image", "is_"),
    [
        ("./app", True),
        ("/srv/app", True),
        ("~/app", True),
        ("../app", True),
        (".", True),
        ("app", False),
        ("site/app:1.2", False),
        ("localhost:5000/app@sha256:ab", False),
    ],
)
def test_a_path_is_told_from_a_name_by_how_it_begins(image: str, is_: bool) -> None:
    assert is_folder(image) == is_


@pytest.mark.parametrize(
    ("lines", "is_"),
    [
        ([], ""),
        (MADE[:2], ""),  # the base is not the build's own
        (MADE, ""),  # nor what was there before
        ([*MADE, "Step 3/3 : RUN x", " ---> Running in bbbbbbbbbbbb"], ""),
        ([*MADE, "Step 3/3 : RUN x", " ---> bbbbbbbbbbbb"], "bbbbbbbbbbbb"),
        ([*MADE, "Step 3/4 : RUN x", " ---> bbbbbbbbbbbb", "Step 4/4 : RUN y"], "bbbbbbbbbbbb"),
        ([*MADE, "Step 3/4 : FROM x", " ---> cccccccccccc"], ""),
    ],
)
def test_only_what_the_build_has_made_itself_is_removed(lines: list[str], is_: str) -> None:
    assert folder._last_made(lines) == is_


def test_each_way_to_fail_says_what_to_do() -> None:
    absent = folder._failure("./app", ["Step 1/2 : FROM --platform=x site/a:1 AS b", "pull denied"])
    assert "site/a:1" in absent.brief and "pull site/a:1" in absent.resolution
    full = folder._failure("./app", ["write /x: no space left on device"])
    assert isinstance(full, NoRoom)
    other = folder._failure("./app", ["Step 1/2 : FROM a", "Step 2/2 : RUN x", "exit code 3"])
    assert "exit code 3" in other.details and "docker build" in other.resolution
    newer = folder._failure("./app", ["the --mount option requires BuildKit"])
    assert "docker:image=NAME" in newer.resolution


def sent(place: Path) -> list[str]:
    """The names of the files that a daemon is sent of this folder."""

    def build(fileobj: Any, **how: Any) -> Iterator[dict[str, Any]]:
        with tarfile.open(fileobj=fileobj) as archive:
            yield from ({"stream": name} for name in archive.getnames())

    daemon: Any = SimpleNamespace(api=SimpleNamespace(build=build))
    parts = folder._parts(daemon, str(place), tag="labkit/own", labels={})
    return [str(part["stream"]) for part in parts]


@pytest.mark.parametrize(
    "ignore", [b"secret\n", b"\xef\xbb\xbfsecret\r\n# more\n", b" secret \n\n"]
)
def test_what_is_to_be_left_out_is_not_sent(tmp_path: Path, ignore: bytes) -> None:
    for name in ("Dockerfile", "app", "secret"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    (tmp_path / ".dockerignore").write_bytes(ignore)
    assert sorted(sent(tmp_path)) == [".dockerignore", "Dockerfile", "app"]


def test_a_folder_for_which_there_is_no_room_is_told_as_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Dockerfile").write_bytes(bytes(3 << 20))
    with small_disk(1 << 20) as small:
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with pytest.raises(NoRoom) as caught:
            sent(tmp_path)
        assert "TMPDIR" in caught.value.resolution and list(small.iterdir()) == []


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").mkdir()
    with pytest.raises(BackendError) as caught:
        sent(tmp_path)
    assert ".dockerignore" in caught.value.details and "readable" in caught.value.resolution
