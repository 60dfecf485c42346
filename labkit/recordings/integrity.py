"""Whether the rows of a recording belong together: what no row shows alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.recordings.checked import Checked
from labkit.recordings.kind import Kind
from labkit.recordings.manifest import Manifest

if TYPE_CHECKING:
    import pandas as pd


def faults(kind: Kind[Any], manifest: Manifest, rows: Checked) -> Iterator[tuple[str, str]]:
    """(table, what is wrong with it): rows that are there twice, backends that the manifest does
    not have or has otherwise, and what the experiment itself finds."""
    for name, table in kind.tables.items():
        frame, key = rows.frames[name], list(table.key)
        for twice in _words(frame[frame.duplicated(key)], key):
            yield name, f"a row is there twice: {twice}"
        yield from ((name, why) for why in _of_another(manifest, frame, key))
    yield from kind.faults(manifest, rows)


def _of_another(manifest: Manifest, frame: pd.DataFrame, key: list[str]) -> Iterator[str]:
    """What rows say of their backend, and the manifest does not."""
    if "backend" not in frame:
        return
    facts = [name for name in ("family", "engine", "start") if name in frame]
    kinds = frame.drop_duplicates(["backend", *facts]).dropna(subset=["backend"])
    for (_, row), words in zip(kinds.iterrows(), _words(kinds, key), strict=True):
        info = manifest.backends.get(row["backend"])
        if info is None:
            yield f"the manifest has no backend {row['backend']!r}"
            continue
        for fact in facts:
            value = row[fact]
            if isinstance(value, str) and value != getattr(info, fact):
                whose = f"that of {row['backend']} in the manifest"
                yield f"{words}: its {fact} is {value!r}, which is not {whose}"


def _words(frame: pd.DataFrame, key: list[str]) -> Iterator[str]:
    return (", ".join(map(str, row)) for row in frame[key].itertuples(index=False))
