"""Notebooks in JupyterLab as a student uses them: opened, run from top to bottom, looked at."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
RUN_S = 120_000  # milliseconds

IDLE = """() => {
    const panel = window.jupyterapp.shell.currentWidget;
    const session = panel && panel.sessionContext && panel.sessionContext.session;
    return !!session && !!session.kernel && session.kernel.status === 'idle';
}"""
# The notebook's model, and not the page: cells out of sight are not drawn.
CELLS = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
    const found = [];
    for (let i = 0; i < cells.length; i++) {
        const cell = cells.get(i).toJSON();
        if (cell.cell_type === 'code') found.push(cell);
    }
    return found;
}"""


def opened(page: Page, jupyter: str, notebook: str) -> None:
    """The notebook is open and its kernel is ready."""
    address = urlsplit(jupyter)
    page.goto(
        f"{address.scheme}://{address.netloc}/lab/tree/notebooks/{notebook}?{address.query}&reset"
    )
    page.wait_for_function(IDLE, timeout=RUN_S)


def command(page: Page, name: str) -> None:
    page.evaluate("name => window.jupyterapp.commands.execute(name)", name)


def run_all(page: Page) -> None:
    command(page, "notebook:run-all-cells")
    page.wait_for_function(
        f"() => {{ const cells = ({CELLS})(); return cells.every(c => c.execution_count); }}",
        timeout=RUN_S,
    )
    page.wait_for_function(IDLE, timeout=RUN_S)


def clear(page: Page) -> None:
    command(page, "notebook:clear-all-cell-outputs")


def wrong_outputs(page: Page) -> list[object]:
    return [
        output
        for cell in page.evaluate(CELLS)
        for output in cell["outputs"]
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]


@pytest.mark.parametrize("notebook", ["00-start-here"])
def test_run_all(page: Page, jupyter: str, pictures: Path, notebook: str) -> None:
    opened(page, jupyter, f"{notebook}.ipynb")
    clear(page)
    run_all(page)
    assert wrong_outputs(page) == []
    charts = page.locator("figure.chart img")
    expect(charts.first).to_be_attached()
    page.screenshot(path=pictures / f"{notebook}.png")
