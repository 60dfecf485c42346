"""A chart that follows what its reader chooses."""

from __future__ import annotations

from typing import Any

from labkit.course import work
from labkit.course.panel import Choice, Panel
from labkit.errors import LabError, UsageError


def explore(chapter: str, **chosen: Any) -> Any:
    """The panel of a chapter ("00" to "13") with its fields. The chart alone where something is
    chosen here, such as axis="logarithmic", or nobody is in front of the notebook."""
    from labkit.course.panels import PANELS

    if chapter not in PANELS:
        raise UsageError(
            f"there is no panel {chapter!r}", details=f"there are: {', '.join(PANELS)}"
        )
    panel = PANELS[chapter]()
    return panel.chart(**chosen) if chosen or work.is_static() else fields(panel)


def fields(panel: Panel) -> Any:
    """A field for each choice, and below them the chart of what they hold."""
    from ipywidgets import HTML, VBox

    shown = HTML()
    inputs = {name: _field(choice) for name, choice in panel.choices.items()}

    def follow(_: Any = None) -> None:
        try:
            given = {name: field.value for name, field in inputs.items()}
            shown.value = panel.chart(**given).html()
        except LabError as error:  # such as no row at all
            shown.value = f"<p>{error.brief}. {error.resolution}.</p>"

    for field in inputs.values():
        field.observe(follow, names="value")
    follow()
    return VBox([*inputs.values(), shown])


def _field(choice: Choice) -> Any:
    from ipywidgets import Dropdown, IntSlider, Layout, SelectMultiple

    wide = {"description": choice.label, "layout": Layout(width="34em")}
    if isinstance(choice.among, range):
        least, most, step = choice.among[0], choice.among[-1], choice.among.step
        return IntSlider(choice.default, least, most, step, continuous_update=False, **wide)
    if choice.several:
        rows = min(len(choice.among), 6)
        return SelectMultiple(options=choice.among, value=choice.default, rows=rows, **wide)
    return Dropdown(options=choice.among, value=choice.default, **wide)
