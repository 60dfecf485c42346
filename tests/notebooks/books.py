"""The notebooks as the tests see them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def python(cell: Any) -> ast.Module:
    """What Python there is in a code cell; none in one that a %%magic reads."""
    return ast.parse("" if cell.source.startswith("%%") else cell.source)


def texts(cell: Any) -> Iterator[str]:
    """Each text that a code cell has put out, HTML too."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        for content in output.get("data", {}).values():
            yield content if isinstance(content, str) else ""


def environment(mode: str, **more: str) -> dict[str, str]:
    """What an executed notebook sees; nothing is shown of this computer's terminal, and no field
    waits for somebody to fill it in."""
    return {**os.environ, "LAB_MODE": mode, "LAB_WIDGETS": "0", "PYTHONWARNINGS": "", **more}
