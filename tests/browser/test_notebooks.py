"""Notebooks in JupyterLab as a student uses them: opened, run from top to bottom, looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any
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


@pytest.mark.parametrize("notebook", ["00-start-here", "02-startup-time", "03-memory"])
def test_run_all(page: Page, jupyter: str, pictures: Path, notebook: str) -> None:
    opened(page, jupyter, f"{notebook}.ipynb")
    clear(page)
    run_all(page)
    assert wrong_outputs(page) == []
    charts = page.locator("figure.chart img")
    expect(charts.first).to_be_attached()
    page.screenshot(path=pictures / f"{notebook}.png")


def test_a_guess_in_its_field_reaches_the_chart(page: Page, jupyter: str, pictures: Path) -> None:
    """A student changes the number in the field and runs the chart's cell again."""
    opened(page, jupyter, "02-startup-time.ipynb")
    run_all(page)
    show(page, "own-guess")
    field = page.locator(".jp-OutputArea input[type='number']:visible").first
    expect(field).to_have_value("0.1")
    field.fill("7.5")
    field.blur()  # a number counts when the field is left
    select(page, "own-chart")
    count = cell(page, "own-chart")["execution_count"]
    command(page, "notebook:run-cell")
    page.wait_for_function(
        f"before => ({CELLS})().some(c => c.id === 'own-chart' && c.execution_count > before)",
        arg=count,
        timeout=RUN_S,
    )
    page.wait_for_function(IDLE, timeout=RUN_S)
    (chart,) = cell(page, "own-chart")["outputs"]
    assert "Your guess: 7.50 s." in "".join(chart["data"]["text/plain"])
    expect(page.locator('figure.chart img[alt*="Your guess: 7.50 s."]')).to_be_attached()
    page.screenshot(path=pictures / "guess.png")


def cell(page: Page, name: str) -> dict[str, Any]:
    """A code cell by its id."""
    (found,) = [found for found in page.evaluate(CELLS) if found["id"] == name]
    return dict(found)


def select(page: Page, name: str) -> None:
    """Makes a cell the active one."""
    page.evaluate(
        """name => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            const cells = notebook.model.cells;
            for (let i = 0; i < cells.length; i++) {
                if (cells.get(i).id === name) notebook.activeCellIndex = i;
            }
            notebook.deselectAll();
        }""",
        name,
    )


def show(page: Page, name: str) -> None:
    """Scrolls to a cell: those out of sight are not drawn."""
    select(page, name)
    page.evaluate(
        """() => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            return notebook.scrollToItem(notebook.activeCellIndex, 'center');
        }"""
    )
