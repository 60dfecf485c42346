"""What a reader of a chart reads, and whether it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
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
        boxes = {text: text.get_window_extent() for text in texts(figure)}
    # Ticks beyond the limits keep a text that is not drawn.
    shown = {t: b for t, b in boxes.items() if t.axes is None or in_view(t, b)}
    for text, box in shown.items():
        inside = Bbox.intersection(figure.bbox.padded(1), box)
        assert inside is not None and np.allclose(inside.extents, box.extents), text.get_text()
    for (one, box), (other, other_box) in combinations(shown.items(), 2):
        apart = not box.padded(-0.5).overlaps(other_box.padded(-0.5))
        assert apart, f"{one.get_text()} overlaps {other.get_text()}"


def in_view(text: Text, box: Bbox) -> bool:
    assert text.axes is not None
    ticks = [*text.axes.get_xticklabels(which="both"), *text.axes.get_yticklabels()]
    frame = text.axes.bbox.padded(2)
    centre = (box.x0 + box.x1) / 2
    if text in ticks:
        return bool(frame.x0 <= centre <= frame.x1 or box.x1 <= frame.x0)
    return True
