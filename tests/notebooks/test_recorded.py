"""Each notebook gives the stored outputs again where no backend can be had."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.notebooks.books import NOTEBOOKS, ROOT, SOLUTIONS, code_cells, environment, identity

SANITIZE = Path(__file__).parent / "sanitize.cfg"
BOOKS = [*NOTEBOOKS, *SOLUTIONS]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[ElementTree.Element]:
    return read_cells(tmp_path_factory.mktemp("recorded"))


def read_cells(folder: Path, **more: str) -> list[ElementTree.Element]:
    """What nbval says of each cell of all notebooks, in one process on all processors: with an
    empty search path, no Docker socket, no lab image."""
    report = folder / "report.xml"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--quiet", "--nbval", "--nbval-current-env"),
            *("--nbval-sanitize-with", str(SANITIZE), "--nbval-cell-timeout", "120"),
            *("--numprocesses", "auto", "--dist", "loadfile", "--junitxml", str(report)),
            # Warnings in Jupyter's own machinery are not ours to mend; and hypothesis, which
            # nothing here uses, takes a second.
            *("-W", "default", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"),
            *map(str, BOOKS),
        ],
        cwd=ROOT,
        env=environment(
            "recorded",
            **{
                "PATH": str(folder),
                "DOCKER_HOST": f"unix://{folder}/none.sock",
                "LABKIT_CACHE": str(folder / "cache"),
                **more,
            },
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    return list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  our own file


def failures(cells: list[ElementTree.Element]) -> str:
    """What went wrong in these cells, in words."""
    found = [what for cell in cells for what in (*cell.iter("failure"), *cell.iter("error"))]
    return "\n\n".join(what.text or "" for what in found)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", BOOKS, ids=identity)
def test_it_reads_the_same_without_any_backend(
    path: Path, cells: list[ElementTree.Element]
) -> None:
    name = ".".join(path.relative_to(ROOT).parts)
    mine = [cell for cell in cells if cell.get("classname") == name]
    assert len(mine) == len(code_cells(path))
    assert not failures(mine)
    assert not [cell.get("name") for cell in mine if cell.find("skipped") is not None]
