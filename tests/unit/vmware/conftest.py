from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.recorders import Calls, recording, small_image

__all__ = ["small_image"]
SCRIPT = Path(__file__).parent / "programs.py"
PROGRAMS = ("vmrun", "vmware-vmx")


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """How VMware's programs for tests, which are on the PATH, were called so far."""
    yield from recording(SCRIPT, PROGRAMS, "FAKE_VMWARE", tmp_path, monkeypatch)
