"""What `make bench` says of figures that have fallen back."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(HERE)
    spec = importlib.util.spec_from_file_location("bench", HERE / "bench.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop("costs", None)


@pytest.mark.parametrize(
    ("unit", "now", "same", "told"),
    [
        ("ratio", 1.2, False, False),
        ("ratio", 1.3, False, True),
        ("CPU s", 1.3, True, True),
        ("CPU s", 1.3, False, False),
    ],
)
def test_worse_by_a_quarter_fails_where_it_can_be_compared(
    bench: Any, unit: str, now: float, same: bool, told: bool
) -> None:
    cost = bench.Cost("a figure", unit, 0.5, lambda: now)
    before = {"figures": {"a figure": 1.0}}
    assert bool(bench.worse([cost], {"a figure": now}, before, same_machine=same)) == told
    assert bench.rows([cost], {"a figure": now}, before) == [
        ("a figure", unit, f"{now} (missed)", "≤ 0.5", "1")
    ]


def test_what_cannot_be_measured_here_is_left_out(bench: Any) -> None:
    cost = bench.Cost("a figure", "ratio", 1, lambda: 0.0, lambda: "no Docker")
    assert bench.measured([cost]) == {}
