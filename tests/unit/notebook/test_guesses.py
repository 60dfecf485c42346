"""Predict first: nothing is shown before a guess is committed, and the guess stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from labkit import notebook, units
from labkit.course import work
from labkit.errors import UsageError
from labkit.notebook.fields import guess_field
from labkit.notebook.guesses import Guess

NONSENSE = ["", " ", "zero", "0", "-3", "nan", "1e999", "-inf", "1,5", None]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LAB_WIDGETS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked() -> Guess:
    return notebook.guess("02-own", "How long?", 0.1, " s")


def test_the_answer_is_hidden_until_a_guess_is_committed() -> None:
    guess = asked()
    table = pd.DataFrame({"answer": [42.25]})
    shown = [guess.reveals(table), guess.compared(42.25, table)]
    shown.append(guess.compared((42.25, 40, 45), backend="docker", scale=units.time, n=3))
    assert all("Hidden until" in repr(one) and "42.2" not in repr(one) for one in shown)
    guess.commit("7")
    assert all("42.2" in repr(one) for one in shown)
    assert "Your guess: 7.00 s. Measured: 42.2 s. That is too low" in repr(shown[1])
    assert "Your guess: 7.00 s." in repr(shown[2])


def test_a_guess_survives_and_is_final() -> None:
    asked().commit(7)
    again = asked().commit(8)
    assert again.committed == 7 and "your guess: 7 s" in repr(again)
    assert json.loads(Path(work.FILE).read_text())["guesses"] == {"02-own": 7.0}


def choosing() -> Guess:
    return notebook.guess("02-which", "Which one?", "old", among=["old", "new"])


def test_one_of_several_texts_can_be_guessed_and_stays() -> None:
    guess = choosing()
    shown = guess.compared("new", "the rest")
    assert "Hidden until" in repr(shown) and "rest" not in repr(shown)
    for nonsense in ("both", "", None, 3):
        with pytest.raises(UsageError) as caught:
            guess.commit(nonsense)
        assert "old, new" in caught.value.resolution
    guess.commit("old").commit("new")
    assert guess.committed == "old" and "your guess: old" in repr(choosing())
    assert "Your guess: old. Measured: new." in repr(shown) and "the rest" in repr(shown)


def test_the_list_commits_with_its_button_only() -> None:
    guess = choosing()
    box = guess_field(guess.question, guess.unit, guess.commit, guess.among)
    (choice, _, button), said = box.children[1].children, box.children[2]
    button.click()
    assert "nothing is chosen" in said.value and guess.committed is None
    choice.value = "new"
    assert guess.committed is None
    button.click()
    assert guess.committed == "new"


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_what_is_no_guess_gets_a_sentence_and_is_not_kept(nonsense: object, folder: Path) -> None:
    guess = asked()
    with pytest.raises(UsageError) as caught:
        guess.commit(nonsense)
    assert caught.value.resolution
    assert guess.committed is None and not list(folder.iterdir())


def test_the_field_commits_with_its_button_only(folder: Path) -> None:
    guess = asked()
    box = guess_field(guess.question, guess.unit, guess.commit)
    _, (text, _, button), said = box.children[0], box.children[1].children, box.children[2]
    text.value = "1e999"
    assert not list(folder.iterdir())
    button.click()
    assert "no number that can be measured" in said.value
    text.value = "0.5"
    assert guess.committed is None
    button.click()
    assert guess.committed == 0.5


def test_where_nobody_sits_an_example_stands_and_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    asked().commit(3)
    monkeypatch.setenv("LAB_WIDGETS", "0")
    assert "an example guess: 0.1 s" in repr(asked())
    assert "Measured" in repr(asked().compared(2.0))
    assert work.read().guesses == {"02-own": 3.0}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seed": "x"}', '{"seed": 1, "other": 2}'])
def test_a_file_that_cannot_be_read_is_told_and_left(text: str, folder: Path) -> None:
    (folder / work.FILE).write_text(text)
    with pytest.raises(UsageError, match="cannot be read"):
        asked().commit(1)
    assert (folder / work.FILE).read_text() == text


def test_what_is_shown_is_shown_anew_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[Any] = []

    class Handle:
        def __init__(self, first: object) -> None:
            places.append([repr(first)])
            self.place = places[-1]

        def update(self, now: object) -> None:
            self.place.append(repr(now))

    monkeypatch.setattr("IPython.display.display", lambda shown, display_id: Handle(shown))
    guess = asked()
    guess._ipython_display_()
    guess.reveals("the answer")._ipython_display_()
    guess.commit(2)
    assert "VBox" in places[0][0] and "your guess: 2 s" in places[0][1]
    assert "Hidden" in places[1][0] and places[1][1] == "the answer"
