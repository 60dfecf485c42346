"""A panel: one chart of recorded figures, and what a reader may choose of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from labkit import units
from labkit.charts import Chart, chosen
from labkit.errors import UsageError


@dataclass(frozen=True)
class Choice:
    """among: the names, or a range of whole numbers; several: any of the names, else one. At first
    all of them are chosen or the first one, unless `first` says otherwise."""

    label: str
    among: tuple[str, ...] | range
    several: bool = False
    first: Any = None

    @property
    def default(self) -> Any:
        """What is chosen at first."""
        if self.first is not None:
            return self.first
        return list(self.among) if self.several else self.among[0]

    def checked(self, value: Any) -> Any:
        """A value that can be chosen; UsageError says in a sentence what can be."""
        wanted = [value] if isinstance(value, str) and self.several else value
        values = wanted if self.several else [wanted]
        if isinstance(values, list | tuple) and values and all(v in self.among for v in values):
            return list(values) if self.several else wanted
        names = self.among
        text = ", ".join(names) if isinstance(names, tuple) else f"{names[0]} to {names[-1]}"
        raise UsageError(f"{self.label} cannot be {value!r}", resolution=f"choose of: {text}")


@dataclass(frozen=True)
class Panel:
    """draw gets one argument for each choice, by its name."""

    title: str
    choices: Mapping[str, Choice]
    draw: Callable[..., Chart]

    def chart(self, **given: Any) -> Chart:
        """The chart of these choices, the others as they are at first. UsageError for what cannot
        be chosen."""
        if unknown := set(given) - set(self.choices):
            raise UsageError(
                f"{self.title!r} has no choice {', '.join(sorted(unknown))}",
                resolution=f"choose of: {', '.join(self.choices)}",
            )
        named = self.choices.items()
        return self.draw(**{n: c.checked(given.get(n, c.default)) for n, c in named})


AXES = Choice("axis", ("linear", "logarithmic"))
# Quantity → how its numbers are written, and what the axis says.
Scales = Mapping[str, tuple[units.Scale, str]]


def figures(title: str, table: pd.DataFrame, scales: Scales, badge: str) -> Panel:
    """A panel of medians, from a table with the columns quantity, name (of the row), backend (its
    look), value, low and high: choose a quantity, the rows and the axis."""
    table = table[table["quantity"].isin(scales)]
    names = tuple(dict.fromkeys(table["name"]))

    def draw(quantity: str, rows: Sequence[str], axis: str) -> Chart:
        selected = table[(table["quantity"] == quantity) & table["name"].isin(rows)]
        scale, text = scales[quantity]
        logarithmic = axis == "logarithmic"
        return chosen(title, selected, scale, text, logarithmic=logarithmic, badge=badge)

    choices = {
        "quantity": Choice("quantity", tuple(scales)),
        "rows": Choice("rows", names, several=True),
        "axis": AXES,
    }
    return Panel(title, choices, draw)
