"""labkit isolation without any backend: what was recorded, as a table, as JSON, drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.cli.app import app
from labkit.errors import UsageError
from labkit.experiments.isolation.rows import ASPECTS, ATTEMPT_ROWS, LIMITS


def run(*words: str) -> None:
    app([*("isolation", *words)], standalone_mode=False)


def test_recorded_answers_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    run("--recorded")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    out = "\n".join(lines)
    for column in ("docker (native)", "qemu (tcg)", "virtualbox (vbox-recompiler)"):
        assert out.count(column) == 1
    kernel = " ".join(line for line in lines if line.startswith("kernel "))
    assert kernel.count("host's (") == 9 and kernel.count("own (") == 2
    assert "allowed >own" in out and "refused (EPERM)" in out


def test_one_json_object_and_a_chart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chart = tmp_path / "matrix.svg"
    run("--recorded", "--json", "--chart", str(chart))
    told = json.loads(capsys.readouterr().out)
    assert {"manifest", "tables", "left_out", "matrix"} <= set(told)
    assert len(told["matrix"]) == 11 * len([*ASPECTS, *LIMITS, *ATTEMPT_ROWS])
    assert chart.stat().st_size > 1000


@pytest.mark.parametrize("words", [("--backends", "docker"), ("--out", "new")])
def test_recorded_ones_cannot_be_chosen(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        run("--recorded", *words)
