"""data/README.md, taken apart: its sections and their tables."""

from __future__ import annotations

import re

from labkit.system.paths import project_dir

PAGE = (project_dir() / "data" / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    parts = re.split(r"^#+ (.+)\n", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[title]


def tables(title: str) -> list[list[list[str]]]:
    """The tables of a section: rows of cells, without heading and rule."""
    found = re.findall(r"(?:^\|.*\n)+", section(title), re.MULTILINE)
    return [[split(line) for line in table.splitlines()[2:]] for table in found]


def split(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def names(rows: list[list[str]]) -> list[str]:
    return [row[0].strip("`") for row in rows]
