"""Every deletion goes through the two modules that know what is the lab's own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import labkit

PACKAGE = Path(labkit.__file__).parent
DELETE = {"rmtree", "unlink", "rmdir", "removedirs", "TemporaryDirectory"}
MOVE = {"rename", "renames", "replace"}  # these, too, end what was there
DOORS = {"system/owned_files.py", "image/known_files.py"}
ALLOWED = {
    # Makes its folder itself, by a name that nobody can foresee.
    ("system/owner_marks.py", "TemporaryDirectory"),
    # Control groups are no files; rmdir(2) ends an empty one of the lab's name, and nothing else.
    ("backends/engine_parts/oci_groups.py", "rmdir"),
}


def calls(tree: ast.AST) -> Iterator[str]:
    """The deletions and moves in a module, by the name of what is called."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, owner = node.func.attr, node.func.value
        of_os = isinstance(owner, ast.Name) and owner.id in ("os", "shutil")
        # Path.replace takes one argument; str.replace two, datetime.replace named ones.
        of_path = name in MOVE and len(node.args) == 1 and not node.keywords
        if name in DELETE or of_path or (of_os and name in MOVE | {"remove", "move"}):
            yield name


def found() -> set[tuple[str, str]]:
    """Without statistics, which read and write no files: there, `rename` is a column's."""
    return {
        (path.relative_to(PACKAGE).as_posix(), name)
        for path in PACKAGE.rglob("*.py")
        if "stats" not in path.relative_to(PACKAGE).with_suffix("").parts
        for name in calls(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_what_deletes_is_in_the_two_modules_or_is_allowed_with_its_reason() -> None:
    outside = {(path, name) for path, name in found() if path not in DOORS}
    assert sorted(outside - ALLOWED) == []
    assert outside >= ALLOWED, "what is allowed is still needed"


def test_the_search_sees_each_way_of_deleting() -> None:
    text = "shutil.rmtree(a); a.unlink(); a.rmdir(); os.remove(a); os.removedirs(a); a.rename(b)"
    seen = list(calls(ast.parse(text)))
    assert sorted(seen) == ["remove", "removedirs", "rename", "rmdir", "rmtree", "unlink"]
    others = "a.replace('x', 'y'); names.remove(a); frame.rename(columns=b); when.replace(hour=1)"
    assert list(calls(ast.parse(others))) == []
