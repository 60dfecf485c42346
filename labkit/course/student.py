"""The notebooks for a student: without outputs and without solutions, made anew from the source.

They are generated and never edited: what shall change is changed in notebooks/.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import nbformat

from labkit.errors import UsageError
from labkit.system import owned_files
from labkit.system.paths import project_dir

# A question, or what waits for its answer: that may stand in another section.
WAITING = re.compile(r"notebook\.guess\(|\.reveals\(|\.compared\(")
# A text that reads what was measured, below a guess: unfolded when that is committed.
READING = re.compile(r"-read(-\d+)?$")
FOLDED = (
    "<details><summary>Read on when you have committed your guess.</summary>\n\n{}\n\n</details>"
)
# A copy's metadata: the digest of its cells as they were made.
MADE = "labkit_made"


def source() -> Path:
    """Where the notebooks lie; the solutions are in a folder below, which is not copied."""
    return project_dir() / "notebooks"


def make(out: Path, notebooks: Path | None = None) -> list[Path]:
    """Writes a copy of each notebook into a folder, and returns the copies.

    Raises UsageError when there is none to copy, and before anything is written when a copy that
    is there already has been worked in: the answers in it would be lost.
    """
    originals = sorted((notebooks or source()).glob("*.ipynb"))
    if not originals:
        raise UsageError(
            f"there are no notebooks in {notebooks or source()}",
            resolution="call it in a checkout of the lab, where the folder notebooks/ is",
        )
    copies = {out / path.name: _emptied(_read(path)) for path in originals}
    _require_untouched(copies)
    out.mkdir(parents=True, exist_ok=True)
    for path, copy in copies.items():
        text = nbformat.writes(copy)  # type: ignore[no-untyped-call]
        owned_files.write_whole(path, text.rstrip("\n") + "\n")
    return list(copies)


def _emptied(notebook: Any) -> Any:
    asked = False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            live = "live" in cell.metadata.get("tags", ())
            asked = asked or bool(WAITING.search(cell.source) and not live)
        elif READING.search(cell.id):
            cell.source = FOLDED.format(cell.source) if asked else cell.source
        elif cell.source.startswith("## "):  # the next section
            asked = False
    notebook.metadata[MADE] = _digest(notebook)
    return notebook


def _require_untouched(copies: dict[Path, Any]) -> None:
    """A copy from before is written over only where it is as it was made: nobody has run or
    written anything in it."""
    worked_in = [path.name for path in copies if path.exists() and not _is_untouched(path)]
    if worked_in:
        raise UsageError(
            f"somebody has worked in {', '.join(worked_in)}",
            details="making the copies anew would delete that",
            resolution="move the folder away, or name another one with --out",
        )


def _is_untouched(path: Path) -> bool:
    try:
        notebook = _read(path)
        ran = any(cell.get("execution_count") for cell in notebook.cells)
        return not ran and notebook.metadata.get(MADE) == _digest(notebook)
    except (OSError, ValueError, AttributeError):  # no notebook at all
        return False


def _digest(notebook: Any) -> str:
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
