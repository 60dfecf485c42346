"""The instructor's pack: a page a chapter, made of the chapter and of lessons.toml.

It holds answers, so it is generated apart, and is not what students get.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files as packaged
from pathlib import Path
from typing import Any

import nbformat

from labkit.course import EXERCISES, student
from labkit.course.tasks import TASKS
from labkit.errors import UsageError
from labkit.system import owned_files

WORDS_A_MINUTE = 120
# Minutes of a session → what of them goes into reading together, exercises, questions.
SESSIONS = {50: (25, 10, 10), 90: (45, 20, 15)}
BEGIN_MINUTES = 5
TOGETHER = 2  # times as long as alone: guesses, questions in between
RUBRIC = (
    "For each question: 2 points for the point and its reason from a figure of the chapter, "
    "1 for the point alone, 0 else. A figure without its engine counts as none."
)
NO_PART = ("What was learnt", "Questions", "Where to go on", "Exercises", "Now on this computer")


def make(out: Path) -> list[Path]:
    """Writes a page for each chapter into a folder, and returns them. UsageError where there are
    no notebooks."""
    chapters = sorted(student.source().glob("*.ipynb"))
    if not chapters:
        raise UsageError(f"there are no notebooks in {student.source()}")
    stored = packaged("labkit.course").joinpath("lessons.toml")
    lessons = tomllib.loads(stored.read_text(encoding="utf-8"))
    owned_files.make_folder(out)
    return [_written(out, path, lessons[path.name[:2]]) for path in chapters]


def _written(out: Path, path: Path, lesson: dict[str, Any]) -> Path:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    page = out / f"{path.stem}.md"
    owned_files.write_whole(page, "\n".join(_lines(path.name[:2], text, lesson)) + "\n")
    return page


def _lines(chapter: str, text: str, lesson: dict[str, Any]) -> Iterator[str]:
    yield f"# Instructor's page: {text.splitlines()[0].removeprefix('# ')}"
    yield "\n## Objectives\n\nAfter this chapter a student can"
    yield from (f"- {objective};" for objective in lesson["objectives"])
    yield f"\n## Prerequisites\n\n{lesson['prerequisites']}."
    parts = dict(_parts(text))
    for minutes, plan in SESSIONS.items():
        yield f"\n## A session of {minutes} minutes\n"
        yield from _session(chapter, parts, *plan)
    yield from _exercises(chapter)
    yield from _tasks(chapter)
    yield f"\n## Questions, model answers, rubric\n\n{RUBRIC}\n"
    for question, answer in zip(questions(text), lesson["answers"], strict=True):
        yield f"- **{question}**\n  {answer}"


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """The sections that are read together, with the minutes that each takes, one for its figure."""
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, _, rest = part.partition("\n")
        if heading not in NO_PART and not re.match(
            r"(Build|Break|Mend|Measure) it|Choose what", heading
        ):
            yield heading, TOGETHER * (1 + round(len(rest.split()) / WORDS_A_MINUTE))


def _session(
    chapter: str, parts: dict[str, int], reading: int, exercises: int, questions: int
) -> Iterator[str]:
    yield f"- {BEGIN_MINUTES} min: the chapter's question. Then each section: guess, look, explain."
    left, later = reading, []
    for heading, minutes in parts.items():
        if minutes > left:
            later.append(heading)
            continue
        left -= minutes
        yield f"- {minutes} min: «{heading}»"
    hands = " and the task" if any(name.startswith(chapter) for name in TASKS) else ""
    yield (
        f"- {exercises} min: one of the exercises, each student with numbers of their own; the "
        f"others{hands} at home."
    )
    yield f"- {questions} min: two of the questions, in pairs and then together."
    if later:
        yield f"- At home: {', '.join(f'«{heading}»' for heading in later)}"


def _exercises(chapter: str) -> Iterator[str]:
    yield "\n## Exercises\n\nOne way to each answer is in notebooks/solutions.\n"
    for name, exercise in EXERCISES.items():
        if name.startswith(chapter):
            own = f" (own number: {', '.join(map(str, exercise.given))})" if exercise.given else ""
            yield f"- `{name}`{own}: {exercise.question.format(given='N')}"
            yield from (f"  - hint: {hint}" for hint in exercise.hints)


def _tasks(chapter: str) -> Iterator[str]:
    for name, task in TASKS.items():
        if name.startswith(chapter):
            yield f"\n## Task\n\n- `{name}`: {task.missing.__doc__}\n  - hint: {task.hint}"
            yield "\nOne way to do it, in a shell (IMAGE is the lab image):\n"
            yield from (f"    {line}" for line in task.way)
            yield f"\nAfterwards: {task.clean_up}"


def questions(text: str) -> list[str]:
    """The open questions at the end of a chapter."""
    part = text.partition("## Questions")[2].partition("\n## ")[0]
    return [line.partition(". ")[2] for line in part.splitlines() if re.match(r"\d+\. ", line)]
