"""The report and the printed table."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from labkit.errors import StoreError
from labkit.experiments import report as reports
from labkit.experiments.benchmark import report, text
from tests.unit.charts.made_up import MadeUpRun, make_run

VOID = {"meta", "img", "br", "link"}


class Outline(HTMLParser):
    """Fails on tags that do not match; gathers attributes that could fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.alts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.sources += [value for name in ("src", "href") if (value := found.get(name))]
        self.alts += [value for value in [found.get("alt")] if value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    parser = Outline()
    parser.feed(text)
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def run() -> MadeUpRun:
    return make_run(("host", "docker", "qemu", "virtualbox"), n=5, failed=(3,))


@pytest.fixture(scope="module")
def page(run: MadeUpRun) -> str:
    return report.html(run, badge="recorded · here")


def test_the_page_needs_nothing_else(page: str) -> None:
    found = outline(page)
    assert "script" not in found.tags and "link" not in found.tags
    assert all(source.startswith("data:") for source in found.sources)
    assert not re.search(r"@import|url\(", page)


def test_each_chart_of_the_page_comes_with_alt_text_and_data(page: str) -> None:
    found = outline(page)
    # Startup and published, memory and its verdict, CPU and what it costs to do nothing.
    assert len(found.alts) == 6
    assert found.tags.count("details") == 6
    assert page.count("recorded · here") >= 1


def test_the_page_shows_failures_escaped(page: str) -> None:
    assert "the guest &lt;did&gt; not answer" in page
    assert "Failed trials, left out of all figures: virtualbox 1." in page


@pytest.mark.parametrize(
    "words",
    [
        "sha256:0123456789abcdef",
        "2 × AMD EPYC",
        "kernel 6.18.0",
        "Fewer than 10 trials",
        "tcg emulates the processor in software",
        "prefers-color-scheme: dark",
        "a shared page is divided among the processes that share it",
        "1 CPU, 256 MiB",
    ],
)
def test_the_page_names(page: str, words: str) -> None:
    assert words in page


def test_a_run_in_which_all_failed_still_gives_a_page() -> None:
    page = report.html(make_run(("docker",), n=1, failed=(0,)), badge="")
    outline(page)
    assert "all figures: docker 1" in page
    empty = report.html(make_run((), n=0), badge="")
    outline(empty)
    assert "nan" not in re.sub(r"base64,[^\"]+", "", page + empty).lower()


def test_published_start_times_are_there_where_one_is_comparable(page: str) -> None:
    title = "How do these start times compare with published ones?"
    assert title in page
    assert title not in report.html(make_run(("docker",), n=1), badge="")


def test_the_page_shows_doubts_and_what_having_none_means() -> None:
    run = make_run(("host", "docker"), n=2)
    page = report.html(run, badge="")
    assert "looked for from 5 trials of a backend on" in page
    run.trials["load_1m"] = 9.0
    page = report.html(run, badge="")
    assert "<li>busy computer: up to 9.0 processes" in page
    assert "Nothing was found" not in page


def test_the_page_tells_how_the_run_ended() -> None:
    run = make_run(("host",), n=1)
    assert "2026-11-23T10:05:00+00:00: all trials were made" in report.html(run, badge="")
    run.ending = None
    assert "broken off, or still going on" in report.html(run, badge="")


def test_write_leaves_only_the_page(tmp_path: Path) -> None:
    path = reports.write(make_run(("host",), n=1), tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [entry.name for entry in path.parent.iterdir()] == ["report.html"]
    assert "recorded · 2 × AMD EPYC" in path.read_text(encoding="utf-8")


def test_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(StoreError, match="report"):
        reports.write(make_run(("docker",), n=1), tmp_path / "report.html")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_table_is_aligned_and_narrow(run: MadeUpRun) -> None:
    lines = text.table_text(run).splitlines()
    assert max(map(len, lines)) <= 100
    start = lines[0].index("memory (PSS)")
    values = [line[start : start + 10] for line in lines[1:13]]
    assert all(re.match(r"\d[\d.]* MiB|\[\d|\s*$", value) for value in values)


def test_table_names_engine_units_and_cautions(run: MadeUpRun) -> None:
    printed = text.table_text(run)
    for words in ("vbox-recompiler", " ms", " s ", " MiB", "×", "Fewer than 10", "virtualbox 1."):
        assert words in printed


def test_table_of_unknown_values_shows_dashes() -> None:
    printed = text.table_text(make_run(("docker",), n=1, failed=(0,)))
    assert printed.splitlines()[1].split() == ["docker", "0", "–", "–", "–"]
    assert printed.splitlines()[2].split() == ["(native)"]
    assert "Left empty: docker, startup, start vs host, memory (PSS): none of its" in printed
