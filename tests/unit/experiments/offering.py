"""An experiment with backends that are none: nothing is built, started or swept."""

from collections.abc import Mapping
from types import ModuleType, SimpleNamespace

import pytest

from labkit import image
from labkit.backends import table
from labkit.backends.base import Backend
from labkit.errors import UsageError
from labkit.measure import cleanup, session


def offer(
    monkeypatch: pytest.MonkeyPatch, backends: Mapping[str, Backend], *modules: ModuleType
) -> None:
    """These are all the backends that there are, for a session and for these modules."""

    def make_backend(name: str) -> Backend:
        if name not in backends:
            raise UsageError(f"there is no backend {name!r}")
        return backends[name]

    for module in (table, session, *modules):
        monkeypatch.setattr(module, "make_backend", make_backend)
    monkeypatch.setattr(
        image,
        "build",
        lambda **options: SimpleNamespace(
            digest="0" * 64, packages=(), versions={}, kernel_version="6.1.0"
        ),
    )
    monkeypatch.setattr(cleanup, "sweep", lambda backends, **options: [])
