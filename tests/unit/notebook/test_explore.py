"""The panels: a chart for each choice, and a sentence for what cannot be chosen."""

from __future__ import annotations

from typing import Any

import pytest

from labkit import notebook
from labkit.course.panel import Choice, Panel
from labkit.course.panels import PANELS
from labkit.errors import UsageError
from labkit.notebook.explore import fields


@pytest.mark.parametrize("chapter", PANELS)
def test_each_choice_of_each_chapter_has_a_chart(chapter: str) -> None:
    panel = PANELS[chapter]()
    first = panel.chart()
    assert first.alt
    for name, choice in panel.choices.items():
        last = [choice.among[-1]] if choice.several else choice.among[-1]
        chart = panel.chart(**{name: last})
        assert len(choice.among) == 1 or chart.alt != first.alt or name == "axis"


@pytest.mark.parametrize(
    "wrong", [{"axis": "round"}, {"rows": []}, {"rows": ["nope"]}, {"nope": 1}, {"quantity": 2}]
)
def test_what_cannot_be_chosen_is_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        notebook.explore("08", **wrong)
    assert "choose of" in caught.value.resolution
    with pytest.raises(UsageError, match="no panel"):
        notebook.explore("99")


def test_without_widgets_it_is_the_chart_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_WIDGETS", "0")
    assert notebook.explore("08").alt == PANELS["08"]().chart().alt


def test_the_chart_follows_the_fields() -> None:
    box = fields(PANELS["03"]())
    instances, _, _, shown = box.children
    before = shown.value
    instances.value = 99
    assert "Computed for 99 instances" in shown.value != before


def test_no_row_at_all_is_a_sentence() -> None:
    box = fields(PANELS["08"]())
    box.children[1].value = ()
    assert box.children[-1].value.startswith("<p>rows cannot be")


def test_a_single_name_does_for_several() -> None:
    assert Choice("x", ("a", "b"), several=True).checked("a") == ["a"]
    assert Panel("t", {}, lambda: None).title == "t"  # type: ignore[arg-type,return-value]
