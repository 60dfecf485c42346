"""What is told on the way, where standard error is full, gone, or was never there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.system.paths import project_dir

ON_STDERR = re.compile(r"file=sys\.stderr")
THERE = "labkit/system/telling.py"


def test_it_is_told_by_one_function_only() -> None:
    """Another one would end the work where standard error takes no more."""
    sources = (project_dir() / "labkit").rglob("*.py")
    bare = [path for path in sources if ON_STDERR.search(path.read_text(encoding="utf-8"))]
    assert [str(path.relative_to(project_dir())) for path in bare] == [THERE]


@pytest.mark.parametrize("full", ["2>/dev/full", "2>&-"])
def test_a_run_whose_words_nobody_takes_is_made(tmp_path: Path, full: str) -> None:
    options = "--backends host --repeats 1 --warmups 0 --workloads idle --seconds 0.1"
    labkit = Path(sys.executable).with_name("labkit")
    subprocess.run(
        ["sh", "-c", f'exec "$0" run {options} --out "$1" {full}', labkit, tmp_path / "run"],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "run" / "ending.json").exists()
