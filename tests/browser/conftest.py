"""JupyterLab as `make notebooks` starts it, and a real browser: Debian's chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from labkit.course import student
from labkit.errors import LabError
from labkit.setup import apt
from labkit.system.process import end, find_tool, spawn
from tests.conftest import unavailable
from tests.notebooks.books import ROOT

# The last two: no calls to the browser's maker at each start.
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
START_TIMEOUT_S = 60
# A kernel's answer and a chart take as long as the computer needs.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; installed where that is possible, as `make test` promises."""
    try:
        if find_tool("chromium") is None:
            apt.install(("chromium",), lambda message: None)
    except LabError as error:
        unavailable("browser", str(error))
    found = find_tool("chromium")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(OPTIONS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The printed address, with its token, of a JupyterLab that works on copies of the notebooks,
    the students' too, and in which no backend can be had. It ends with these tests: it bears this
    process's mark, and others look for what does."""
    folder = tmp_path_factory.mktemp("jupyter")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    student.make(folder / "student")
    (folder / "data").mkdir()
    for name in ("CONTRIBUTING.md", "data/README.md"):
        shutil.copy(ROOT / name, folder / name)
    process = spawn(
        [
            str(Path(sys.executable).with_name("jupyter-lab")),
            f"--config={folder}/notebooks/jupyter/lab_config.py",
            *("--port=0", "--no-browser"),
            f"--LabApp.user_settings_dir={folder}/settings",
            f"--LabApp.workspaces_dir={folder}/workspaces",
            "--LabApp.expose_app_in_browser=True",
        ],
        log=folder / "log",
        cwd=folder,
        env={"LAB_MODE": "recorded", "JUPYTER_RUNTIME_DIR": str(folder / "runtime")},
    )
    try:
        yield _address(process, folder / "log")
    finally:
        end(process, grace=10)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S+\?token=\w+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(log.read_text())


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: LABKIT_PICTURES, for a person to look at, else a temporary folder."""
    named = os.environ.get("LABKIT_PICTURES")
    folder = Path(named) if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
