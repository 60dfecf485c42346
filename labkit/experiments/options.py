"""What a user can choose, said once: the fields of a dataclass are the arguments of the library's
call and the options of the command."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from labkit.errors import UsageError

O = TypeVar("O", bound="Options")  # noqa: E741  options
READY_TIMEOUT_S = 60.0
LONGEST_READY_S = 86400.0


@dataclass(frozen=True)
class Help:
    """What `--help` says of an option; metavar stands for its value."""

    text: str
    metavar: str | None = None


# `a,b` on the command line, ["a", "b"] in Python.
Names = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every experiment lets choose."""

    out: Annotated[
        Path | None,
        Help("A new folder for the recording; data/runs/ID-NAME if not given.", "FOLDER"),
    ] = None
    resume: Annotated[
        Path | None,
        Help("Go on with a recording that was broken off: its plan, its folder.", "FOLDER"),
    ] = None
    kernel: Annotated[
        Path | None, Help("A Linux kernel of your own for the guests (a bzImage).", "FILE")
    ] = None
    ready_timeout: Annotated[float, Help("Seconds until an instance counts as hung.")] = (
        READY_TIMEOUT_S
    )
    progress: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.ready_timeout <= LONGEST_READY_S:  # which is not true of NaN either
            raise UsageError(
                f"no instance can be ready within {self.ready_timeout:g} s",
                resolution=f"use a --ready-timeout above 0, up to {LONGEST_READY_S:.0f} seconds",
            )


def require_within(what: str, number: float, least: float, most: float) -> None:
    """UsageError for an option whose number makes no sense."""
    if not least <= number <= most:
        raise UsageError(
            f"{number:g} {what} are not possible", resolution=f"use {least:g} to {most:g}"
        )


def checked(options: type[O], *args: Any, **kwargs: Any) -> O:
    """The options made of these arguments. UsageError names the one that makes no sense: that is
    not there, or of another kind (`backends="docker"` is a text, and no list of names)."""
    from pydantic import TypeAdapter, ValidationError  # slow to import

    try:
        arguments = inspect.signature(options).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise UsageError("there is no such choice", details=str(error)) from None
    try:
        return TypeAdapter(options).validate_python(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "options"
        raise UsageError(
            f"{name} cannot be {arguments.get(name)!r}",
            details=first["msg"],
            resolution='such as backends=["host", "docker"], repeats=5',
        ) from None
