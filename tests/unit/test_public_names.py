"""The names that the packages promise, of which most are only imported when they are used."""

from __future__ import annotations

from importlib import import_module

import pytest

import labkit
from labkit.experiments.table import EXPERIMENTS

PACKAGES = ["labkit", *(f"labkit.experiments.{name.replace('-', '_')}" for name in EXPERIMENTS)]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_name_is_there(package: str) -> None:
    module = import_module(package)
    assert module.__all__
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert missing == []


def test_a_name_that_is_not_promised_is_told() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        labkit.experiments.benchmark.nothing  # noqa: B018
