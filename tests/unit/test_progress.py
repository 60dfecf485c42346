"""How far a long work is, told to what is no terminal."""

from __future__ import annotations

import sys
import time

import pytest

from labkit.system import progress


@pytest.mark.parametrize(("delay", "lines"), [(0.01, 2), (60.0, 0)])
def test_what_takes_longer_than_its_delay_is_told(
    delay: float, lines: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    with progress.bar(total=3, desc="image: ", delay=delay, leave=False, disable=False) as shown:
        for _ in range(3):
            time.sleep(0.02)
            shown.update()
    told = capsys.readouterr().err.splitlines()
    assert [line[:13] for line in told] == ["image: 1 of 3", "image: 3 of 3"][:lines]
