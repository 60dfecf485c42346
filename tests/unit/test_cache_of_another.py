"""A cache that belongs to somebody else, such as root's: told by the doctor, and not by a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labkit.backends import base
from labkit.backends.host import HostBackend


@pytest.fixture(params=[".", "images", "debs"])
def foreign(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Path:
    """Such a user may read there, and not write into one of the folders; root may everything."""
    for name in ("images", "debs"):
        (tmp_path / name).mkdir()
    closed, access = tmp_path / str(request.param), os.access

    def may(path: Path, mode: int, **how: bool) -> bool:
        return (Path(path), mode) != (closed, os.W_OK) and access(path, mode, **how)

    monkeypatch.setattr(base, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(os, "access", may)
    return closed


def test_one_without_an_image_that_may_be_read_is_told(
    foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "find", lambda: None)
    found = HostBackend().problem()
    assert found and str(foreign) in found.reason and found.fix


def test_one_with_an_image_is_used(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "find", lambda: object())
    assert HostBackend().problem() is None
