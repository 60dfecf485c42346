"""The instructor's pack: each question of each chapter has its answer."""

from __future__ import annotations

from pathlib import Path

from labkit.course import EXERCISES, instructor, student
from labkit.course.tasks import TASKS


def test_a_page_a_chapter_with_all_its_exercises_and_questions(tmp_path: Path) -> None:
    pages = instructor.make(tmp_path / "pack")
    assert [p.stem for p in pages] == sorted(p.stem for p in student.source().glob("*.ipynb"))
    for page in pages:
        text = page.read_text()
        assert all(f"`{name}`" in text for name in EXERCISES if name[:2] == page.name[:2])
        assert all(f"`{name}`" in text for name in TASKS if name[:2] == page.name[:2])
        assert "## A session of 50 minutes" in text and "## A session of 90 minutes" in text
        assert text.count("\n- **") >= 3


def test_no_session_is_planned_longer_than_it_is() -> None:
    parts = {f"part {minutes}": minutes for minutes in (10, 12, 9, 30)}
    for length, plan in instructor.SESSIONS.items():
        lines = list(instructor._session("00", parts, *plan))
        planned = sum(int(line.split()[1]) for line in lines if " min: " in line)
        assert planned <= length and "part 30" in lines[-1]
