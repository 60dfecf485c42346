"""Names of a package that are imported when they are first used: `labkit --help` does not wait for
pandas and matplotlib (PEP 562)."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def attach(package: str, **homes: str) -> tuple[Callable[[str], Any], list[str]]:
    """`__getattr__` and `__all__` for `package`: name → "module" or "module:attribute", a module of
    the package itself with a dot before it."""

    def __getattr__(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, attribute = homes[name].partition(":")
        imported = import_module(module, package)
        return getattr(imported, attribute) if attribute else imported

    return __getattr__, list(homes)
