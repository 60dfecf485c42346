"""What the README shows is what the recorded run says.

`.venv/bin/python -m tests.unit.test_readme` draws its figure and prints its table anew.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from labkit import charts
from labkit.backends.table import BACKENDS, DEFAULT, GROUPS
from labkit.charts import Chart
from labkit.experiments.benchmark import charts as benchmark_charts
from labkit.experiments.benchmark import stats
from labkit.experiments.benchmark import text as texts
from labkit.experiments.table import load
from labkit.system.paths import project_dir

RUN = "first-comparison"
FIGURE = Path("data/reference") / RUN / "figures" / "startup.svg"
README = project_dir() / "README.md"
MAKEFILE = project_dir() / "Makefile"
TO_REFRESH = "to refresh: .venv/bin/python -m tests.unit.test_readme"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def draw() -> Chart:
    run = load(RUN)
    timeline = stats.timeline(run.milestones, run.trials)
    return benchmark_charts.startup(
        stats.startup(run.trials), timeline, badge=charts.badge(run.manifest)
    )


def blocks(chart: Chart) -> dict[str, str]:
    """What stands between the README's markers: the table's first part, and what it means."""
    printed, _, quality = texts.table_text(load(RUN)).partition("\n\nData quality:\n")
    assert quality, "the README says that such a list follows"
    first, *_, meanings = printed.split("\n\n")
    table = f"{first}\n\n{meanings}"
    return {
        "figure": f"![{chart.alt}]({FIGURE.as_posix()})",
        "table": f"```\n{table}\n```",
    }


def between(name: str) -> re.Pattern[str]:
    """A block with its markers; group 1 is what stands between them."""
    return re.compile(rf"<!-- {name} -->\n(.*?)\n?<!-- end of {name} -->", re.DOTALL)


def refresh() -> None:
    """Draws the figure, and writes alt text and table into the README."""
    chart = draw()
    target = project_dir() / FIGURE
    target.parent.mkdir(exist_ok=True)
    chart.save(target)
    text = README.read_text(encoding="utf-8")
    for name, content in blocks(chart).items():
        found = between(name).search(text)
        assert found, f"the README has no markers for its {name}"
        marked = f"<!-- {name} -->\n{content}\n<!-- end of {name} -->"
        text = text[: found.start()] + marked + text[found.end() :]
    README.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def text() -> str:
    return README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chart() -> Chart:
    return draw()


@pytest.mark.parametrize("name", ["figure", "table"])
def test_it_shows_the_recorded_run(text: str, chart: Chart, name: str) -> None:
    found = between(name).search(text)
    assert found, f"the README has no markers for its {name}"
    assert found[1] == blocks(chart)[name], TO_REFRESH


def test_the_figure_is_that_of_the_recorded_run(chart: Chart) -> None:
    """The same drawing, and each of its numbers but for the last digits."""
    stored, drawn = (project_dir() / FIGURE).read_text(encoding="utf-8"), chart.svg()
    assert NUMBER.sub("#", stored) == NUMBER.sub("#", drawn), TO_REFRESH
    pairs = zip(NUMBER.findall(stored), NUMBER.findall(drawn), strict=True)
    assert all(abs(float(a) - float(b)) < 0.01 for a, b in pairs), TO_REFRESH


def test_it_names_all_backends(text: str) -> None:
    named = re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)
    assert {*DEFAULT, *GROUPS} <= set(named)
    assert all(f"`{name}`" in text for name in BACKENDS)


def test_it_is_short_and_its_links_lead_somewhere(text: str) -> None:
    own = re.sub(r"<!-- (figure|table) -->.*?<!-- end of \1 -->", "", text, flags=re.DOTALL)
    assert 80 <= len(own.splitlines()) <= 130
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    assert all((project_dir() / link).is_file() for link in links)


def test_its_make_targets_are_there(text: str) -> None:
    targets = set(re.findall(r"^(\w+):", MAKEFILE.read_text(), re.MULTILINE))
    named = {"".join(pair) for pair in re.findall(r"^make (\w+)|`make (\w+)`", text, re.MULTILINE)}
    assert {"lab", "test"} <= named <= targets


def test_its_options_are_those_of_the_command_line(text: str) -> None:
    import typer

    from labkit.cli import app

    group: Any = typer.main.get_command(app)
    for line in re.findall(r"^labkit (.+)$|`labkit ([a-z].+?)`", text, re.MULTILINE):
        command, *words = "".join(line).split("#")[0].split()
        known = {
            option
            for parameter in group.get_command(None, command).params
            for option in parameter.opts
        }
        assert {word for word in words if word.startswith("--")} <= known, line


def test_its_example_runs(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(textwrap.dedent(example), {})  # noqa: S102  the README's own words
    assert "docker" in capsys.readouterr().out
    assert (tmp_path / "memory.svg").stat().st_size > 1000


if __name__ == "__main__":
    refresh()
