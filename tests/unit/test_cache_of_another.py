"""A cache that belongs to somebody else, such as root's: told by the doctor, and not by a run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labkit.backends import base
from labkit.backends.host import HostBackend


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As it is for a user who may read it, and not write there; root may everything."""
    monkeypatch.setattr(base, "cache_dir", lambda: tmp_path)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
    return tmp_path


def test_one_without_an_image_that_may_be_read_is_told(
    foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "find", lambda: None)
    found = HostBackend().problem()
    assert found and str(foreign) in found.reason and found.fix


def test_one_with_an_image_is_used(foreign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "find", lambda: object())
    assert HostBackend().problem() is None
