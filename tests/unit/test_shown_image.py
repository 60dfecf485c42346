"""`labkit image build`: Debian's packages are counted for people, and named as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from labkit.cli.image import _show_image
from labkit.image import LabImage


def made(tmp_path: Path) -> LabImage:
    names = [f"lib{number}" for number in range(120)]
    record: dict[str, Any] = {
        "digest": "d",
        "programs": {"names": ["fio"], "packages": {name: {"version": "1"} for name in names}},
        "files": {},
    }
    found = SimpleNamespace(rootfs=tmp_path, packages=("fio",), describe=lambda: record)
    return cast(LabImage, found)


def test_packages_are_one_line_with_their_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _show_image(made(tmp_path), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    (packages,) = [line for line in lines if "packages:" in line]
    assert "120" in packages and len(lines) < 10


def test_all_of_them_are_in_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _show_image(made(tmp_path), as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["programs"]["packages"]) == 120
