"""Notebooks in JupyterLab as a student uses them: opened, run from top to bottom, looked at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from labkit.course import grade, work

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
RUN_S = 120_000  # milliseconds

IDLE = """() => {
    const panel = window.jupyterapp && window.jupyterapp.shell.currentWidget;
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


def test_the_printed_address_leads_to_the_first_notebook_and_nothing_is_asked(
    page: Page, jupyter: str
) -> None:
    page.goto(f"{jupyter}&reset")
    page.wait_for_function(IDLE, timeout=RUN_S)
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.title.label").startswith(
        "00-"
    )
    page.wait_for_timeout(3000)  # a question would come a while after the notebook
    expect(page.locator(".jp-toast-message, .jp-Dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("notebook", "link", "heading"),
    [
        ("00-start-here", "data/README.md", "data dictionary"),
        ("09-your-own-benchmark", "CONTRIBUTING.md", "Contributing"),
    ],
)
def test_a_link_to_another_document_shows_it(
    page: Page, jupyter: str, pictures: Path, notebook: str, link: str, heading: str
) -> None:
    opened(page, jupyter, f"{notebook}.ipynb")
    with_link = page.evaluate(
        """link => {
            const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
            for (let i = 0; i < cells.length; i++) {
                if (cells.get(i).toJSON().source.includes(`](../${link})`)) return cells.get(i).id;
            }
        }""",
        link,
    )
    show(page, with_link)
    page.locator(f'.jp-Notebook a[href*="{link}"]').last.click()
    expect(page.locator(".jp-MarkdownViewer h1").first).to_contain_text(heading)
    page.screenshot(path=pictures / f"{notebook}-link.png")


@pytest.mark.parametrize("notebook", ["00-start-here", "02-startup-time", "03-memory"])
def test_run_all(page: Page, jupyter: str, pictures: Path, notebook: str) -> None:
    opened(page, jupyter, f"{notebook}.ipynb")
    clear(page)
    run_all(page)
    assert wrong_outputs(page) == []
    charts = page.locator("figure.labkit-chart img")
    expect(charts.first).to_be_attached()
    page.screenshot(path=pictures / f"{notebook}.png")


def test_a_guess_is_committed_survives_reopening_and_is_graded(
    page: Page, jupyter: str, pictures: Path, tmp_path: Path
) -> None:
    """A student sees nothing of the answer, is told what is no guess, commits one, saves, and opens
    the notebook again; what is handed in then holds the guess and an answer."""
    opened(page, jupyter, "02-startup-time.ipynb")
    clear(page)
    run_all(page)
    assert "Hidden until" in shown(page, "phases")
    assert "3.16 ms" not in shown(page, "own-chart")
    show(page, "own-guess")
    field = page.locator(".jp-OutputArea input[type='text']:visible").first
    commit = page.get_by_role("button", name="Commit").first
    for nonsense, told in (("", "empty"), ("nan", "no number"), ("0", "above zero")):
        field.fill(nonsense)
        commit.click()
        expect(page.locator(".widget-html", has_text=told).first).to_be_visible()
    field.fill("7.5")
    commit.click()
    page.wait_for_function(f"() => ({SHOWN})('own-chart').includes('Your guess: 7.50 s.')")
    assert "Hidden" not in shown(page, "own-guess")
    assert "Hidden until" in shown(page, "phases"), "it would give away what is asked next"
    show(page, "resumed-guess")
    chosen = page.locator(".jp-Cell.jp-mod-active")
    chosen.locator("input[type='text']").fill("0.2")
    chosen.get_by_role("button", name="Commit").click()
    page.wait_for_function(f"() => !({SHOWN})('phases').includes('Hidden')")
    expect(page.locator('figure.labkit-chart img[alt*="Your guess: 7.50 s."]')).to_be_attached()
    page.screenshot(path=pictures / "guess.png")
    command(page, "docmanager:save")
    page.wait_for_timeout(1000)
    opened(page, jupyter, "02-startup-time.ipynb")
    assert "your guess: 7.5 s" in shown(page, "own-guess")
    for name in ("own-guess", "spread-guess", "explore"):
        show(page, name)
        expect(page.get_by_text("model not found")).to_have_count(0)
    run_all(page)
    assert "Your guess: 7.50 s." in shown(page, "own-chart")
    address = urlsplit(jupyter)
    handed_in = page.request.get(
        f"{address.scheme}://{address.netloc}/files/notebooks/{work.FILE}?{address.query}"
    )
    (tmp_path / "kim").mkdir()
    (tmp_path / "kim" / work.FILE).write_bytes(handed_in.body())
    guesses = [g for g in grade.grades(tmp_path) if g.kind == "guess"]
    assert [(g.student, g.name, g.answer) for g in guesses] == [
        ("kim", "02-own", "7.5"),
        ("kim", "02-resumed", "0.2"),
    ]


def test_a_students_copy_keeps_what_reads_a_result_folded(
    page: Page, jupyter: str, pictures: Path
) -> None:
    opened(page, jupyter, "../student/02-startup-time.ipynb")
    show(page, "phases-read")
    text = page.locator("details p", has_text="the program itself needs thousandths")
    expect(text).to_be_hidden()
    page.locator("summary:visible").first.click()
    expect(text).to_be_visible()
    page.screenshot(path=pictures / "student.png")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_the_panel_follows_what_is_chosen(
    page: Page, jupyter: str, pictures: Path, theme: str
) -> None:
    opened(page, jupyter, "08-paas.ipynb")
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme
    )
    run_all(page)
    show(page, "explore")
    panel = page.locator("figure.labkit-chart img[alt^='What is left to you?']")
    expect(panel).to_have_attribute("alt", re.compile("lines that you write"))
    page.locator(".jp-Cell.jp-mod-active select").first.select_option("bytes")
    expect(panel).to_have_attribute("alt", re.compile("size of what you bring"))
    page.screenshot(path=pictures / f"panel-{theme[-5:].strip().lower()}.png")


def test_a_chart_is_dark_on_a_dark_ground_before_its_notebook_was_run(
    page: Page, jupyter: str
) -> None:
    """Then JupyterLab drops the style that the chart brings along."""
    opened(page, jupyter, "08-paas.ipynb")
    theme = {"theme": "JupyterLab Dark"}
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', theme)", theme
    )
    show(page, "ways")
    chart = page.locator("figure.labkit-chart img").first
    expect(chart).to_have_css("filter", re.compile("invert"))


SHOWN = f"""name => ({CELLS})().filter(c => c.id === name).map(c => JSON.stringify(c.outputs))[0]"""


def shown(page: Page, name: str) -> str:
    """All that a cell has put out, as its notebook keeps it."""
    return str(page.evaluate(SHOWN, name))


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
