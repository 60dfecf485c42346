"""All advice in the lab's code: what each error, and each `Missing`, tells to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import labkit
from labkit import errors
from labkit.errors import LabError

ROOT = Path(labkit.__file__).parent


@dataclass(frozen=True)
class Advice:
    """What stands in the source, with `…` for what is known only when it runs."""

    module: str
    line: int
    kind: str
    text: str


def all_advice() -> Iterator[Advice]:
    for path in sorted(ROOT.rglob("*.py")):
        module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        module = module.removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (found := _advice(node, module)) is not None:
                yield Advice(module, node.lineno, _name(node), found)


def _advice(call: ast.Call, module: str) -> str | None:
    """None for what is no error and no Missing."""
    given = next((k.value for k in call.keywords if k.arg == "resolution"), None)
    if _name(call) == "Missing" and len(call.args) == 2:
        given = call.args[1]
    if given is not None:
        return _text(given, module)
    kind = getattr(errors, _name(call), None)
    return kind.advice if isinstance(kind, type) and issubclass(kind, LabError) else None


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _text(node: ast.expr, module: str) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, module) for part in parts)
        case ast.FormattedValue(value=inner):
            return _text(inner, module)
        case ast.BinOp(left=left, right=right):
            return _text(left, module) + _text(right, module)
        case ast.IfExp(body=body):
            return _text(body, module)
        case ast.BoolOp(values=[first, *_]):
            return _text(first, module)
        case ast.Name(id=name):
            value = getattr(import_module(module), name, "…")
            return value if isinstance(value, str) else "…"
        case ast.Call(func=ast.Name(id="as_root"), args=[words]):
            return f"sudo labkit {_text(words, module)}"
    return "…"
