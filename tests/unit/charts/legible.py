"""What a reader of a chart reads, and whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from labkit.charts import Chart
from labkit.charts.style import drawing


def texts(figure: Figure) -> Iterator[Text]:
    for artist in figure.findobj(Text):
        if isinstance(artist, Text) and artist.get_visible() and artist.get_text().strip():
            yield artist


def words(chart: Chart) -> str:
    return " ".join(" ".join(text.get_text().split()) for text in texts(chart.figure))


def assert_legible(figure: Figure) -> None:
    with drawing():
        figure.draw_without_rendering()
        hidden = beyond(figure)
        shown = {t: t.get_window_extent() for t in texts(figure) if t not in hidden}
    for text, box in shown.items():
        inside = Bbox.intersection(figure.bbox.padded(1), box)
        assert inside is not None and np.allclose(inside.extents, box.extents), text.get_text()
    for (one, box), (other, other_box) in combinations(shown.items(), 2):
        apart = not box.padded(-0.5).overlaps(other_box.padded(-0.5))
        assert apart, f"{one.get_text()} overlaps {other.get_text()}"

    for axes in figure.axes:
        assert_axis_says_what_it_is(axes, [t for t in axes.get_xticklabels() if t in shown])


def assert_axis_says_what_it_is(axes: Axes, ticks: list[Text]) -> None:
    """A logarithmic one does, and no label touches the next."""
    if axes.get_xscale() == "log":
        assert "logarithmic" in axes.get_title(loc="left") + axes.get_xlabel()
        assert sum(bool(tick.get_text()) for tick in ticks) >= 2
    boxes = sorted((tick.get_window_extent() for tick in ticks), key=lambda box: float(box.x0))
    assert all(right.x0 - left.x1 > 2 for left, right in pairwise(boxes))


def beyond(figure: Figure) -> set[Text]:
    """Tick labels outside of their axis: they keep a text that is not drawn."""
    found = set()
    for axes in figure.axes:
        frame = axes.bbox.padded(2)
        for label in axes.get_xticklabels(which="both"):
            box = label.get_window_extent()
            if not frame.x0 <= (box.x0 + box.x1) / 2 <= frame.x1:
                found.add(label)
    return found
