"""Predict, then measure: the answer stays hidden until the reader has committed a guess."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

from labkit import charts, units
from labkit.course import work
from labkit.errors import UsageError
from labkit.notebook.fields import guess_field
from labkit.notebook.shown import Content, Shown

HIDDEN = "Hidden until you commit a guess: go up to the field, fill it in, press the button."

# What a guess in such a unit is of.
AXES = {
    **{" s": "time", " ms": "time", " MiB": "memory", "×": "so many times"},
    " CPUs": "processors of the host",
    "": "part of the whole, which is 1",
}


class Guess:
    """A question whose answer is a number, or one of several texts. A committed guess is final, and
    is kept with the student's work: it is there when the notebook is opened again.

    Where nobody is in front of the notebook (LAB_WIDGETS=0), an example stands for the guess.
    """

    def __init__(
        self,
        name: str,
        question: str,
        example: float | str,
        unit: str = "",
        among: Sequence[str] = (),
    ) -> None:
        self.name, self.question, self.unit, self.among = name, question, unit, among
        self._example = example
        self._shown: list[Shown] = []
        self._unkept: float | str | None = None  # where the file cannot be written

    @property
    def committed(self) -> float | str | None:
        """The guess; None as long as there is none."""
        if work.is_static():
            return self._example
        return work.read().guesses.get(self.name, self._unkept)

    def commit(self, answer: object) -> Guess:
        """What the button does: keeps a guess, and shows what was hidden. UsageError, and nothing
        is kept, for what is no number above zero, or cannot be chosen; a guess that is there
        stays."""
        guessed = one_of(self.among, answer) if self.among else number(answer)
        if self.committed is None:
            try:
                work.keep("guesses", self.name, guessed)
            except work.NotKept:
                self._unkept = guessed
            for shown in self._shown:
                shown.renew()
        return self

    def reveals(self, *contents: Any) -> Shown:
        """Charts, tables, sentences: shown as soon as a guess is committed, and not before."""
        return self._after(lambda _: contents)

    def compared(self, measured: Any, *more: Any, **about: Any) -> Shown:
        """The guess beside what was measured, hidden like the rest: a chart for (median, low, high)
        with what charts.guess asks for, a sentence for a single number or text; below it `more`."""

        def contents(own: float | str) -> Content:
            return (_beside(self, own, measured, about), *more)

        return self._after(contents)

    def _after(self, contents: Callable[[float | str], Content]) -> Shown:
        def now() -> Content:
            own = self.committed
            return (HIDDEN,) if own is None else contents(own)

        self._shown.append(Shown(now))
        return self._shown[-1]

    def __repr__(self) -> str:
        own = self.committed
        if own is None:
            return f"{self.question}\nno guess yet: guess.commit(…) commits one"
        whose = "an example" if work.is_static() else "your"
        return f"{self.question}\n{whose} guess: {work.guess_text(own)}{self.unit}"

    def _ipython_display_(self) -> None:
        def now() -> Content:
            if work.is_static() or self.committed is not None:
                return (repr(self),)
            return (guess_field(self.question, self.unit, self.commit, self.among),)

        self._shown.append(Shown(now))
        self._shown[-1]._ipython_display_()


def guess(
    name: str, question: str, example: float | str, unit: str = "", among: Sequence[str] = ()
) -> Guess:
    """A field to fill in, or a list to choose from, and a button that commits, once and for all."""
    return Guess(name, question, example, unit, among)


def one_of(among: Sequence[str], answer: object) -> str:
    """A guess that was chosen. UsageError says what can be."""
    if answer in among:
        return str(answer)
    what = "nothing is chosen yet" if answer is None else f"«{str(answer)[:40]}» cannot be chosen"
    raise UsageError(what, resolution=f"choose of: {', '.join(among)}")


def number(answer: object) -> float:
    """A guess as a number above zero. UsageError says in a sentence why it is none."""
    text = str(answer).strip()
    try:
        found = float(text)
    except ValueError:
        what = f"«{text[:40]}» is no number" if text else "the field is empty"
        raise UsageError(what, resolution="enter digits, such as 12 or 0.5") from None
    if math.isnan(found) or math.isinf(found):
        raise UsageError(
            f"«{text[:40]}» is no number that can be measured", resolution="guess less"
        )
    if found <= 0:
        raise UsageError("a guess must be above zero", resolution="guess again, such as 0.01")
    return found


def off_by(guess: SupportsFloat, measured: float) -> str:
    """How far a guess was from what was measured, in words."""
    guessed = float(guess)
    if not (guessed > 0 and measured > 0):
        raise UsageError("only numbers above zero can be compared", resolution="guess again")
    factor = max(guessed / measured, measured / guessed)
    if factor < 1.5:
        return "a good guess, off by less than half"
    side = "low" if guessed < measured else "high"
    digits = 0 if factor >= 10 else 1
    return f"too {side}, by a factor of {factor:,.{digits}f}"


def _beside(guess: Guess, own: float | str, measured: Any, about: dict[str, Any]) -> Any:
    if isinstance(own, str):
        return f"Your guess: {own}. Measured: {measured}."
    if isinstance(measured, tuple):
        words = off_by(own, float(measured[0]))
        if guess.unit and about["scale"] is units.plain:
            about = {**about, "scale": lambda _: (1.0, guess.unit)}
        about = {"axis": AXES.get(guess.unit, guess.unit.strip()), **about}
        return charts.guess(guess.question, own, measured, verdict=words, **about)
    both = (float(own), float(measured))
    scale = units.whole if all(value.is_integer() for value in both) else units.plain
    said = [f"{units.text(value, scale)}{guess.unit}" for value in both]
    return f"Your guess: {said[0]}. Measured: {said[1]}. That is {off_by(own, float(measured))}."
