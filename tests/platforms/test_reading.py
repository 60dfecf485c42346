"""What works on any computer, on one that is stood in: macOS on ARM, Linux on ARM.

The lab's own calls of the system are answered as that system would (stand_in/sitecustomize.py);
Docker, QEMU and VirtualBox are not there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.books import ROOT
from tests.notebooks.test_recorded import failures, read_cells

STAND_IN = Path(__file__).with_name("stand_in")
READING = ("tests/unit/stats", "tests/unit/charts", "tests/unit/recordings")


@pytest.fixture(params=["macos", "arm"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The variables of such a computer, with nothing in its search path."""
    return {
        "LABKIT_STAND_IN": request.param,
        "PYTHONPATH": str(STAND_IN),
        "PATH": str(tmp_path),
        "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
        "LABKIT_CACHE": str(tmp_path / "cache"),
        "LABKIT_STATE": str(tmp_path / "state"),
    }


def python(elsewhere: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], env={**os.environ, **elsewhere}, cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_doctor_answers(elsewhere: dict[str, str]) -> None:
    found = json.loads(python(elsewhere, "-m", "labkit", "doctor", "--json"))
    mac = elsewhere["LABKIT_STAND_IN"] == "macos"
    assert found["host"]["system"] == ("Darwin" if mac else "Linux")
    assert found["host"]["machine"] == ("arm64" if mac else "aarch64")
    findings = {one["backend"]: one for one in found["findings"]}
    assert findings["host"]["ready"] is not mac
    assert not any(findings[name]["ready"] for name in ("docker", "qemu", "virtualbox"))
    if mac:  # no Debian, no set-up by its packages
        assert found["host"]["cgroup_version"] is None
        assert not [one for one in findings.values() if "labkit setup" in (one["fix"] or "")]


def test_a_recording_is_reported_and_compared(elsewhere: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    told = python(elsewhere, "-m", "labkit", "report", "first-comparison", "--out", str(page))
    assert "virtualbox-resumed" in told and "data:image/svg" in page.read_text(encoding="utf-8")
    names = ["first-comparison", "first-comparison"]
    assert python(elsewhere, "-m", "labkit", "compare", *names)


ONLY_MACOS = pytest.mark.parametrize("elsewhere", ["macos"], indirect=True)


@ONLY_MACOS
@pytest.mark.timeout(900)
def test_statistics_charts_and_recordings(elsewhere: dict[str, str]) -> None:
    python(elsewhere, "-m", "pytest", "-q", "-p", "no:cacheprovider", *READING)


@ONLY_MACOS
@pytest.mark.timeout(900)
def test_every_notebook_reads_the_same(elsewhere: dict[str, str], tmp_path: Path) -> None:
    assert not failures(read_cells(tmp_path, **elsewhere))
