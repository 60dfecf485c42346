"""Each notebook on real backends: it must measure, and no cell may fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.backends.base import Backend
from labkit.system.paths import runs_dir
from tests.notebooks.books import NOTEBOOKS, ROOT, code_cells, environment, texts

# What each live cell of a chapter measures, where that is not one of each kind, once.
MEASURES = {
    "07-inside-docker": [{"host", "docker", "docker-cli"}, {"docker-cli"}],
    "08-paas": [{"docker", "qemu"}, {"qemu"}],
    "10-the-claims": [],
    "12-from-one-container-to-many": [],
}
# What wants a cluster, which is not there: it says so and goes on with what was recorded.
CLUSTER = "12-from-one-container-to-many"
RECORDING = re.compile(r"Its recording is (\d{8}-\d{6}-[0-9a-f]{4})\.")


@pytest.mark.docker
@pytest.mark.qemu
@pytest.mark.timeout(900)
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
        env=environment("auto" if path.stem == CLUSTER else "live") | {"KUBECONFIG": "/dev/null"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = code_cells(tmp_path / path.name)
    live = [
        text for cell in cells if "live" in cell.metadata.get("tags", []) for text in texts(cell)
    ]
    measured = [text for text in live if "Measured just now" in text]
    expected = MEASURES.get(path.stem, [{"docker", "qemu"}])
    for told, backends in zip(measured, expected, strict=True):
        (recording_id,) = RECORDING.findall(told)
        (folder,) = runs_dir().glob(f"{recording_id}*")
        shutil.rmtree(folder)
        assert told.startswith("live · ")
        assert backends <= set(re.findall(r"[\w-]+", told))
        assert "Failed" not in told
