"""A guess beside what was measured."""

from __future__ import annotations

from typing import Any, SupportsFloat

import pandas as pd

from labkit import units
from labkit.charts import parts
from labkit.charts.chart import Chart, drawn
from labkit.charts.style import GREY, INK, panels


@drawn
def guess(
    question: str,
    guessed: SupportsFloat,
    measured: tuple[Any, Any, Any],
    *,
    backend: str,
    scale: units.Scale,
    axis: str,
    verdict: str,
    n: int,
    badge: str = "",
) -> Chart:
    """The reader's guess (a cross) and the measurement (the backend's marker, with the line of
    its interval) on one logarithmic axis; `measured` is (median, low, high) in the guess's unit,
    `axis` what both are, `verdict` how far off the guess was."""
    own = float(guessed)
    subtitle = f"Your guess was {verdict}. Median and 95 % interval of n = {n} trials."
    figure, (axes,) = panels(1.15, title=question, subtitle=subtitle, note=badge)
    parts.rows(axes, ["your guess", f"measured, {backend}"])
    if own > 0:
        axes.plot([own], [0], "X", ms=9, color=GREY, mec=INK, mew=0.7, zorder=3)
    parts.dot(axes, 1, measured, backend)
    parts.decades(axes, [own, *measured], scale, name=axis)
    found = units.text_and_interval(*measured, scale)
    parts.values(axes, [(0, units.text(own, scale), ""), (1, *found)])
    text = units.with_interval(*measured, scale)
    alt = f"{question} Your guess: {units.text(own, scale)}. Measured, {backend}: {text}. {verdict}"
    table = pd.DataFrame(
        [
            {"what": "your guess", "value": own, "low": None, "high": None},
            dict(zip(("what", "value", "low", "high"), (backend, *measured), strict=True)),
        ]
    )
    return Chart(question, figure, alt, table, badge)
