"""What the lab reads and writes is UTF-8, whatever the locale's encoding is (ko_KR.EUC-KR)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import labkit

PACKAGE = Path(labkit.__file__).parent
TEXT = {"read_text", "write_text"}


def without(tree: ast.AST) -> Iterator[int]:
    """The lines that leave the encoding to the locale: of a file's text, and of a program's."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = {keyword.arg for keyword in node.keywords}
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        opened = name in TEXT or "capture_output" in given
        if opened and "encoding" not in given:
            yield node.lineno


def test_no_text_is_left_to_the_locale() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in PACKAGE.rglob("*.py")
        for line in without(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found == set()
