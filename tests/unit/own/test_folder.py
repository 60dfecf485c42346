"""What is a folder and what an image's name, and what is made of a builder's words."""

from __future__ import annotations

import pytest

from labkit.backends.own import folder
from labkit.backends.own.names import is_folder
from labkit.errors import NoRoom

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
