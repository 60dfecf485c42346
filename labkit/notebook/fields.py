"""The fields that a reader fills in (ipywidgets)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from labkit.errors import LabError


def guess_field(
    question: str, unit: str, commit: Callable[[object], Any], among: Sequence[str] = ()
) -> Any:
    """A field, or a list to choose from, and a button that commits what is in it; what is no guess
    gets a sentence."""
    from ipywidgets import HTML, Button, Dropdown, HBox, Label, Layout, Text, VBox

    if among:
        text = Dropdown(options=among, value=None, description="your guess:")
    else:
        text = Text(placeholder="a number", description="your guess:", layout=Layout(width="16em"))
    button = Button(description="Commit", tooltip="a committed guess is final")
    said = HTML()

    def press(_: Any) -> None:
        try:
            commit(text.value)
        except LabError as error:
            said.value = escape(f"{error.brief}: {error.resolution}")

    button.on_click(press)
    return VBox([HTML(escape(question)), HBox([text, Label(unit.strip()), button]), said])
