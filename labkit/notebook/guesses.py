"""Predict, then measure: a guess that the reader enters, and how far off it was, in words."""

from __future__ import annotations

import os
from typing import Any, SupportsFloat

from labkit.errors import UsageError

# Without a person in front of it (tests, stored outputs) a field to fill in makes no sense.
WIDGETS = "LAB_WIDGETS"


class Guess:
    """A number that the reader may change in a field; `float(guess)` is what it is now."""

    def __init__(self, question: str, value: float, unit: str = "") -> None:
        self.question = question
        self.unit = unit
        self._value = value
        self._field: Any = None

    def __float__(self) -> float:
        return float(self._value if self._field is None else self._field.value)

    def __repr__(self) -> str:
        return f"{self.question}\nyour guess: {float(self):g}{self.unit}"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._as_field() if os.environ.get(WIDGETS, "1") != "0" else _Text(repr(self)))  # type: ignore[no-untyped-call]

    def _as_field(self) -> Any:
        from ipywidgets import FloatText, HBox, Label, Layout, VBox

        if self._field is None:
            self._field = FloatText(
                value=self._value, description="your guess:", layout=Layout(width="14em")
            )
        return VBox([Label(self.question), HBox([self._field, Label(self.unit)])])


class _Text:
    """What a notebook shows as plain text."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def guess(question: str, value: float, unit: str = "") -> Guess:
    """A field to fill in, with a value to begin with. A plain number does as well as a guess."""
    return Guess(question, value, unit)


def off_by(guess: SupportsFloat, measured: float) -> str:
    """How far a guess was from what was measured, in words."""
    guessed = float(guess)
    if guessed <= 0 or measured <= 0:
        raise UsageError("only numbers above zero can be compared", resolution="guess again")
    factor = max(guessed / measured, measured / guessed)
    if factor < 1.5:
        return "a good guess, off by less than half"
    side = "low" if guessed < measured else "high"
    digits = 0 if factor >= 10 else 1
    return f"too {side}, by a factor of {factor:,.{digits}f}"
