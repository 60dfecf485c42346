"""The workload that chapter 09 writes is one: the agent runs it."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

from labkit.image import LabImage
from tests.notebooks.books import ROOT, code_cells

CHAPTER = ROOT / "notebooks" / "09-your-own-benchmark.ipynb"


def written() -> str:
    """The file as the chapter's cell writes it."""
    (cell,) = (c for c in code_cells(CHAPTER) if c.source.startswith('text = """'))
    first = ast.parse(cell.source).body[0]
    assert isinstance(first, ast.Assign)
    return str(ast.literal_eval(first.value))


def test_the_agent_runs_it_and_counts(lab_image: LabImage, tmp_path: Path) -> None:
    shutil.copytree(lab_image.rootfs / "lab", tmp_path / "lab")
    (tmp_path / "bin").symlink_to(lab_image.rootfs / "bin")
    (tmp_path / "lab/workloads/gzip.sh").write_text(written())
    done = subprocess.run(
        [str(tmp_path / "bin/busybox"), "sh", str(tmp_path / "lab/agent")],
        input="RUN 1 gzip 300\nSTOP\n",
        env={"LAB_SCRATCH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (end,) = (line.split() for line in done.stdout.splitlines() if line.startswith("END 1 "))
    assert int(end[-1]) > 10
    assert "ERROR" not in done.stdout
