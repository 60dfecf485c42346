"""`labkit image show`: sizes in a unit that people read, in the data the bytes themselves."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import cast

import pytest

from labkit.cli.image import _show_image
from labkit.image import LabImage


@pytest.mark.parametrize("as_json", [False, True])
def test_sizes(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    record = {"bytes": {"rootfs": 161951054}}
    made = SimpleNamespace(rootfs="/r", packages=(), describe=lambda: record)
    _show_image(cast(LabImage, made), as_json)
    out = capsys.readouterr().out
    if as_json:
        assert json.loads(out)["bytes"] == {"rootfs": 161951054}
    else:
        assert "rootfs: 154.4 MiB" in out and "161951054" not in out
