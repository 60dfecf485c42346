"""Whether the rows of each part agree with the plan, with each other, and with themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from labkit.experiments.images.records import ImagesManifest
from labkit.record import Record
from labkit.recordings.kind import Rows


def faults(manifest: ImagesManifest, rows: Rows) -> Iterator[tuple[str, str]]:
    """(table, what is wrong with it)."""
    for table, records in rows.items():
        trials = manifest.plan.trials.get(table, 0)
        for row in records:
            words = ", ".join(map(str, list(row.model_dump().values())[:4]))
            yield from ((table, f"{words}: {why}") for why in _faults(table, row, trials))
    for digest, sizes in _sizes(rows["layers"]).items():
        if len(sizes) > 1:
            yield "layers", f"the layer {digest} has several sizes"


def _faults(table: str, row: Any, trials: int) -> Iterator[str]:
    if not 1 <= getattr(row, "trial", 1) <= trials:
        yield "the plan has no such trial"
    if table in CHECKS:
        yield from CHECKS[table](row)


def _page_sharing(row: Any) -> Iterator[str]:
    if not 1 <= row.container <= row.running:
        yield f"container {row.container} is none of {row.running}"
    known = [n for n in (row.uss_bytes, row.pss_bytes, row.rss_bytes) if n is not None]
    if known != sorted(known):
        yield "its own memory is more than its share, or that more than the resident memory"


def _copy_up(row: Any) -> Iterator[str]:
    if row.seconds <= 0:
        yield f"it took {row.seconds} s"


def _cold_load(row: Any) -> Iterator[str]:
    if row.seconds < 0 or (row.bytes > 0) != (row.files > 0):
        yield f"{row.files} files with {row.bytes} bytes in {row.seconds} s"


def _base_images(row: Any) -> Iterator[str]:
    if not 0 < row.created_s <= row.started_s <= row.ready_s:
        yield "its moments are in no order"


CHECKS: Mapping[str, Callable[[Any], Iterator[str]]] = {
    "page_sharing": _page_sharing,
    "copy_up": _copy_up,
    "cold_load": _cold_load,
    "base_images": _base_images,
}


def _sizes(layers: Iterable[Record]) -> dict[str, set[int]]:
    sizes: dict[str, set[int]] = {}
    for layer in _any(layers):
        sizes.setdefault(layer.digest, set()).add(layer.size_bytes)
    return sizes


def _any(rows: Iterable[Record]) -> Iterable[Any]:
    return rows
