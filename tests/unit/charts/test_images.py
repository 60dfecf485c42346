"""The charts of images and containers: words, data and artists, not pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from labkit import charts, images, stats
from labkit.charts import Chart
from labkit.charts.style import drawing
from labkit.errors import UsageError
from labkit.images import Recording

Draw = Callable[[Recording], Chart]
DRAWN: dict[str, Draw] = {
    "layers": lambda r: charts.image_layers(stats.image_layers(r.layers), badge="made up"),
    "sharing": lambda r: charts.page_sharing(stats.page_sharing(r.sharing), badge="made up"),
    "first_write": lambda r: charts.first_writes(
        stats.first_writes(r.first_write), badge="made up"
    ),
    "from_nothing": lambda r: charts.from_nothing(
        stats.from_nothing(r.from_nothing), badge="made up"
    ),
    "flavours": lambda r: charts.flavours(stats.flavours(r.flavours), badge="made up"),
}
each = pytest.mark.parametrize("draw", DRAWN.values(), ids=list(DRAWN))


@pytest.fixture(scope="module")
def recorded() -> Recording:
    return images.load()


@each
def test_words_data_and_badge(recorded: Recording, draw: Draw) -> None:
    chart = draw(recorded)
    assert chart.alt.startswith(chart.title)
    assert len(chart.alt) > 150
    assert "nan" not in chart.alt
    assert len(chart.table) > 3
    assert chart.badge == "made up"
    assert any("made up" in text.get_text() for text in chart.figure.texts)


@each
def test_the_same_data_give_the_same_picture(recorded: Recording, draw: Draw) -> None:
    assert draw(recorded).svg() == draw(recorded).svg()


@each
def test_no_text_leaves_the_figure(recorded: Recording, draw: Draw) -> None:
    figure = draw(recorded).figure
    with drawing():
        figure.draw_without_rendering()
        for text in written(figure):
            box = text.get_window_extent()
            assert box.x0 >= -1 and box.x1 <= figure.bbox.x1 + 1, text.get_text()


def written(figure: Figure) -> list[Text]:
    """All texts but the ticks' of the x axes: matplotlib keeps some that are never drawn."""
    own = [text for axes in figure.axes for text in (*axes.texts, *axes.get_yticklabels())]
    return [text for text in (*figure.texts, *own) if text.get_text().strip()]


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.image_layers(pd.DataFrame())


def test_what_could_not_be_read_on_the_disk_is_taken_from_docker(recorded: Recording) -> None:
    unseen = recorded.first_write.assign(upper_before_bytes=np.nan, upper_after_bytes=np.nan)
    chart = charts.first_writes(stats.first_writes(unseen))
    assert any("by Docker" in text.get_text() for text in chart.figure.texts)
    assert "the layer grew by 64.0 MiB" in chart.alt
