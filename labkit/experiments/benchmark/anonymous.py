"""Texts of a run without the names of its computer's users, hosts and folders.

Only texts that people or programs have worded are looked at. What comes from the lab's own lists
(a backend, a meter, a workload) stays: there, `host` is no computer's name.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from labkit.backends.own.names import without_folders
from labkit.record import Record

if TYPE_CHECKING:
    import pandas as pd

    from labkit.experiments.benchmark.records import Run

R = TypeVar("R", bound=Record)
PATH, NAME = "PATH", "NAME"
# From a root or a drive on; behind a word or a dot it is a unit (MiB/s) or a part of a version;
# ab heads its columns with [#/sec] and [+/-sd].
# It may go on behind a blank (My Documents/x), where a slash comes before the text's next sign.
_PART = r"[^\s:;,'\"()<>|/\\]+"
_STEPS = rf"(?:[/\\]+{_PART})+"
_PATH = re.compile(
    rf"(?<![\w.)])~?(?:\b[A-Za-z]:(?=\\))?(?:[/\\]+(?!(?:s|sec|-sd)\b(?![/\\])){_PART})+"
    rf"(?: [^:;,'\"()<>|\n/\\]*(?<!\s){_STEPS})*/?"
)
_SYSTEM = re.compile(r"/+(?:dev|proc|sys|usr)/")  # the same on each computer
_AT = re.compile(r"[\w.+-]+@[\w.-]+")  # anna@laptop
_WORDED = frozenset({"daemon", "error", "kernel", "text", "version", "violations", "why"})
_MAPS = frozenset({"configuration", "left_out", "unsupported", "versions"})
_EVERYBODYS = frozenset({"root", "localhost"})


def names() -> frozenset[str]:
    """The names of this computer and of who uses it."""
    own_names = {Path.home().name, *socket.gethostname().split(".")[:1], socket.gethostname()}
    own_names |= {os.environ.get(name, "") for name in ("SUDO_USER", "LOGNAME", "USER")}
    with suppress(KeyError, OSError):
        own_names.add(getpass.getuser())
    return frozenset(own_names - {"", *_EVERYBODYS})


def cleaner(known: frozenset[str]) -> Callable[[str], str]:
    """What makes one text anonymous."""
    words = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    named = re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE) if words else None

    def clean(text: str) -> str:
        text = _PATH.sub(_shown, text)
        text = _AT.sub(NAME, text)
        return named.sub(NAME, text) if named else text

    return clean


def _shown(match: re.Match[str]) -> str:
    place, blank, further = match[0].partition(" ")
    if not _SYSTEM.match(place):
        return PATH
    return place + blank + _PATH.sub(_shown, further)


def cleaned(value: Any, clean: Callable[[str], str], field: str = "") -> Any:
    """What a record was dumped to, with its worded texts cleaned."""
    if isinstance(value, Mapping):
        inner = "why" if field in _MAPS else ""
        return {name: cleaned(each, clean, inner or name) for name, each in value.items()}
    if isinstance(value, str):
        return clean(value) if field in _WORDED else value
    if isinstance(value, Sequence):
        return [cleaned(each, clean, field) for each in value]
    return value


def recording(run: Run) -> Run:
    """The same run without the names of this computer, its users and its folders."""
    run, clean = _renamed(run), cleaner(names())
    tables = {name: _of_table(table, clean) for name, table in run.tables.items()}
    left_out = {name: clean(why) for name, why in run.left_out.items()}
    return replace(run, manifest=record(run.manifest, clean), tables=tables, left_out=left_out)


def _renamed(run: Run) -> Run:
    """The names of backends say where images of one's own lie: from here on only what they are
    called, with a number where two are called the same."""
    shown: dict[str, str] = {}
    for name in run.manifest.backends:
        short = without_folders(name)
        shown[name] = short.replace("=", f"={len(shown)}-", 1) if short in shown.values() else short
    if all(name == short for name, short in shown.items()):
        return run
    manifest = _swapped(run.manifest.model_dump(mode="json"), shown)
    tables = {
        name: table.assign(backend=table["backend"].map(shown)) if "backend" in table else table
        for name, table in run.tables.items()
    }
    left_out = {_swapped(name, shown): why for name, why in run.left_out.items()}
    made = type(run.manifest).model_validate(manifest)
    return replace(run, manifest=made, tables=tables, left_out=left_out)


def _swapped(value: Any, shown: Mapping[str, str]) -> Any:
    """The same with other names of backends, also where they are a part of a text."""
    if isinstance(value, Mapping):
        return {_swapped(name, shown): _swapped(each, shown) for name, each in value.items()}
    if isinstance(value, str):
        for name in sorted(shown, key=len, reverse=True):
            value = value.replace(name, shown[name]) if name != shown[name] else value
        return value
    return [_swapped(each, shown) for each in value] if isinstance(value, list) else value


def _of_table(table: pd.DataFrame, clean: Callable[[str], str]) -> pd.DataFrame:
    worded = [name for name in table.columns if name in _WORDED]
    changed = {
        name: table[name].map(lambda text: clean(text) if isinstance(text, str) else text)
        for name in worded
    }
    return table.assign(**changed)


def record(given: R, clean: Callable[[str], str]) -> R:
    """The same record without such names."""
    return type(given).model_validate(cleaned(given.model_dump(mode="json"), clean))
