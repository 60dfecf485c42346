"""Each notebook on real backends: it must measure, and no cell may fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.backends import Backend
from labkit.paths import runs_dir
from tests.notebooks.books import NOTEBOOKS, ROOT, code_cells, environment, texts

# What a chapter measures, where that is something else than one of each kind.
MEASURES = {"07-inside-docker": {"host", "docker", "docker-cli"}}
RUN_ID = re.compile(r"It is run (\d{8}-\d{6}-[0-9a-f]{4})\.")


@pytest.mark.docker
@pytest.mark.qemu
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_measures_on_real_backends(
    path: Path, tmp_path: Path, docker_backend: Backend, qemu_backend: Backend
) -> None:
    config = ROOT / "notebooks" / "execute_config.py"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "nbconvert", "--config", str(config)),
            *("--to", "notebook", "--execute", "--output-dir", str(tmp_path), str(path)),
        ],
        cwd=ROOT,
        env=environment("live"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = code_cells(tmp_path / path.name)
    live = [
        text for cell in cells if "live" in cell.metadata.get("tags", []) for text in texts(cell)
    ]
    for run_id in RUN_ID.findall("\n".join(live)):
        shutil.rmtree(runs_dir() / run_id)
    (told,) = [text for text in live if "Measured just now" in text]
    assert told.startswith("live · ")
    assert MEASURES.get(path.stem, {"docker", "qemu"}) <= set(re.findall(r"[\w-]+", told))
    assert "Failed" not in told
