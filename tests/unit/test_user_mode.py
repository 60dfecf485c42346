"""User-mode Linux on a computer that is one itself."""

from __future__ import annotations

import pytest

from labkit.backends import user_mode_linux
from labkit.backends.user_mode_linux import UserModeLinuxBackend


@pytest.mark.parametrize("vendor", ["User Mode Linux", "AuthenticAMD"])
def test_one_does_not_start_another(monkeypatch: pytest.MonkeyPatch, vendor: str) -> None:
    cpuinfo = f"processor\t: 0\nvendor_id\t: {vendor}\n"
    monkeypatch.setattr("labkit.system.host._cpuinfo", lambda: cpuinfo)
    monkeypatch.setattr(user_mode_linux, "image_refused", lambda: None)
    monkeypatch.setattr(user_mode_linux, "find_tool", lambda name: f"/usr/bin/{name}")
    refused = UserModeLinuxBackend().missing()
    assert (refused is not None) == (vendor == "User Mode Linux")
