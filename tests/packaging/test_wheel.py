"""The package as others install it: a wheel in a fresh environment, far from the checkout."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.system.paths import project_dir

pytestmark = pytest.mark.timeout(900)
UV = str(Path(sys.executable).with_name("uv"))


def run(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that has the wheel, and nothing of the checkout."""
    place = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--quiet", "--wheel", "--out-dir", str(place), cwd=project_dir())
    (wheel,) = place.glob("*.whl")
    run(UV, "venv", "--quiet", "--python", sys.executable, str(place / "venv"), cwd=place)
    python = place / "venv" / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--python", str(python), str(wheel), cwd=place)
    return python.parent


def test_it_is_installed_without_what_only_the_notebooks_need(
    environment: Path, tmp_path: Path
) -> None:
    code = "import importlib.util as u; print([n for n in NAMES if u.find_spec(n)])"
    names = ("jupyterlab", "ipywidgets", "nbformat")
    code = code.replace("NAMES", repr(names))
    assert run(str(environment / "python"), "-c", code, cwd=tmp_path).strip() == "[]"
    done = subprocess.run(
        [str(environment / "labkit"), "student"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2 and "[notebooks]" in done.stderr


def test_the_index_is_told_whose_it_is_and_links_lead_to_the_project(
    environment: Path, tmp_path: Path
) -> None:
    code = (
        "from importlib.metadata import metadata as of; found = of('virtualization-lab'); "
        "print(json.dumps({**found.json, 'description': found.get_payload()}))"
    )
    found = json.loads(run(str(environment / "python"), "-c", f"import json; {code}", cwd=tmp_path))
    links = re.findall(r"\]\(([^)]+)\)", found["description"])
    assert links and all(link.startswith("https://") for link in links)
    assert found["author"] and found["classifier"] and found["project_url"]


def test_recordings_and_published_figures_travel_with_it(environment: Path, tmp_path: Path) -> None:
    code = (
        "import labkit\n"
        "run = labkit.load('first-comparison')\n"
        "assert 'site-packages' in str(run.path), run.path\n"
        "from labkit.course import claims\n"
        "assert len(claims.table())\n"
        "print(len(run.trials), len(labkit.benchmark.published.load()))\n"
    )
    trials, published = run(str(environment / "python"), "-c", code, cwd=tmp_path).split()
    assert int(trials) > 0 and int(published) > 0


def test_a_report_is_written_beside_the_reader_and_not_into_the_package(
    environment: Path, tmp_path: Path
) -> None:
    run(str(environment / "labkit"), "report", "first-comparison", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["first-comparison.html"]


def test_the_doctor_answers(environment: Path, tmp_path: Path) -> None:
    assert "host" in run(str(environment / "labkit"), "doctor", cwd=tmp_path)
