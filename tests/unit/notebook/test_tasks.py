"""The tasks: a hint comes after a try, what there is to see when it is done, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit import notebook
from labkit.course import work
from labkit.course.tasks import TASKS, Task
from labkit.errors import BackendError, UsageError

NAME = "00-made-up"


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What a task that only this test has will find missing, one look after the other."""
    found: list[str] = []
    task = Task(lambda: found.pop(0), "look again", ("true",), "rm it", lambda: "Seen.")
    monkeypatch.setitem(TASKS, NAME, task)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAB_MODE", "auto")
    monkeypatch.delenv("LAB_WIDGETS", raising=False)
    return found


def test_a_hint_comes_after_a_try_and_what_is_done_stays_so(missing: list[str]) -> None:
    missing += ["it is not there", "it is not there", "", "it is gone"]
    said = [repr(notebook.task(NAME)) for _ in range(4)]
    assert said[:2] == [
        "Not yet: it is not there.",
        "Not yet: it is not there.\nA hint: look again.",
    ]
    assert said[2] == "Done. Seen. When you have looked at it: rm it"
    assert said[3].startswith("Not yet: it is gone.")
    assert work.read().tasks == {NAME: True}


def test_what_cannot_be_looked_at_is_no_try(
    missing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_daemon() -> str:
        raise BackendError("no daemon answers")

    task = Task(no_daemon, "look again", (), "")
    monkeypatch.setitem(TASKS, NAME, task)
    assert repr(notebook.task(NAME)).startswith("It could not be looked at. no daemon answers")
    assert not work.read().tasks
    with pytest.raises(UsageError, match="no task"):
        notebook.task("99-none")


def test_each_says_how_it_is_done_and_what_cleans_up() -> None:
    for name, task in TASKS.items():
        assert task.hint and task.way and task.clean_up and task.missing.__doc__, name
        assert not any(word in task.hint for word in task.way), name
