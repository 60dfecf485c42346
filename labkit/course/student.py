"""The notebooks for a student: without outputs and without solutions, made anew from the source.

They are generated and never edited: what shall change is changed in notebooks/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from labkit.errors import UsageError
from labkit.paths import project_dir


def source() -> Path:
    """Where the notebooks lie; the solutions are in a folder below, which is not copied."""
    return project_dir() / "notebooks"


def make(out: Path, notebooks: Path | None = None) -> list[Path]:
    """Writes a copy of each notebook into a folder, and returns the copies.

    Raises UsageError when there is none to copy, and before anything is written when a copy that
    is there already has been worked in: the answers in it would be lost.
    """
    found = sorted((notebooks or source()).glob("*.ipynb"))
    if not found:
        raise UsageError(
            f"there are no notebooks in {notebooks or source()}",
            resolution="call it in a checkout of the lab, where the folder notebooks/ is",
        )
    copies = {out / path.name: _emptied(_read(path)) for path in found}
    _require_untouched(copies)
    out.mkdir(parents=True, exist_ok=True)
    for path, copy in copies.items():
        nbformat.write(copy, path)  # type: ignore[no-untyped-call]
    return list(copies)


def _emptied(notebook: Any) -> Any:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _require_untouched(copies: dict[Path, Any]) -> None:
    """A copy from before is written over only where nobody has run anything in it."""
    worked_in = [path.name for path in copies if path.exists() and _was_run(_read(path))]
    if worked_in:
        raise UsageError(
            f"somebody has worked in {', '.join(worked_in)}",
            details="making the copies anew would delete that",
            resolution="move the folder away, or name another one with --out",
        )


def _was_run(notebook: Any) -> bool:
    return any(cell.get("execution_count") for cell in notebook.cells)


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
