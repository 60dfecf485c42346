"""Each notebook gives the stored outputs again where no backend can be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.books import NOTEBOOKS, ROOT, SOLUTIONS, environment

SANITIZE = Path(__file__).parent / "sanitize.cfg"


@pytest.mark.parametrize("path", [*NOTEBOOKS, *SOLUTIONS], ids=lambda path: path.stem)
def test_it_reads_the_same_without_any_backend(path: Path, tmp_path: Path) -> None:
    """nbval in a process of its own, with an empty search path, no Docker socket, no lab image."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--quiet", "--nbval", "--nbval-current-env"),
            *("--nbval-sanitize-with", str(SANITIZE), "--nbval-cell-timeout", "120"),
            # Warnings in Jupyter's own machinery are not ours to mend.
            *("-p", "no:cacheprovider", "-W", "default", "--timeout", "280", str(path)),
        ],
        cwd=ROOT,
        env=environment(
            "recorded",
            PATH=str(tmp_path),
            DOCKER_HOST=f"unix://{tmp_path}/none.sock",
            LABKIT_CACHE=str(tmp_path / "cache"),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
