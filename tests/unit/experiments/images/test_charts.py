"""The charts of images and containers: words, data and artists, not pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from labkit.charts import Chart
from labkit.charts.style import drawing
from labkit.errors import UsageError
from labkit.experiments.images import charts, stats
from labkit.experiments.images.experiment import EXPERIMENT
from labkit.experiments.images.records import ImagesRecording
from labkit.experiments.table import load

Draw = Callable[[ImagesRecording], Chart]
DRAWN: dict[str, Draw] = {
    "layers": lambda r: charts.image_layers(stats.image_layers(r.layers), badge="made up"),
    "page_sharing": lambda r: charts.page_sharing(
        stats.page_sharing(r.page_sharing), badge="made up"
    ),
    "copy_up": lambda r: charts.copy_up(stats.copy_up(r.copy_up), badge="made up"),
    "cold_load": lambda r: charts.cold_load(stats.cold_load(r.cold_load), badge="made up"),
    "base_images": lambda r: charts.base_images(stats.base_images(r.base_images), badge="made up"),
}
each = pytest.mark.parametrize("draw", DRAWN.values(), ids=list(DRAWN))


@pytest.fixture(scope="module")
def recorded() -> ImagesRecording:
    return load("images")


@each
def test_words_data_and_badge(recorded: ImagesRecording, draw: Draw) -> None:
    chart = draw(recorded)
    assert chart.alt.startswith(chart.title)
    assert len(chart.alt) > 150
    assert "nan" not in chart.alt
    assert len(chart.table) > 3
    assert chart.badge == "made up"
    assert any("made up" in text.get_text() for text in chart.figure.texts)


@each
def test_the_same_data_give_the_same_picture(recorded: ImagesRecording, draw: Draw) -> None:
    assert draw(recorded).svg() == draw(recorded).svg()


@each
def test_no_text_leaves_the_figure(recorded: ImagesRecording, draw: Draw) -> None:
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


def test_each_part_with_a_chart_is_drawn_of_what_there_is(recorded: ImagesRecording) -> None:
    assert list(EXPERIMENT.charts(recorded, "made up")) == list(DRAWN)
    few = load("images-vfs")
    assert list(EXPERIMENT.charts(few, "made up")) == ["page_sharing", "copy_up", "base_images"]


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.image_layers(pd.DataFrame())


def test_what_could_not_be_read_on_the_disk_is_taken_from_docker(recorded: ImagesRecording) -> None:
    unseen = recorded.copy_up.assign(upper_before_bytes=np.nan, upper_after_bytes=np.nan)
    chart = charts.copy_up(stats.copy_up(unseen))
    assert any("by Docker" in text.get_text() for text in chart.figure.texts)
    assert "the layer grew by 64.0 MiB" in chart.alt
