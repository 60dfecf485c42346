"""What `labkit images` prints: a few lines for each experiment that was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from labkit import stats, units
from labkit.images.recording import Recording


def images_text(found: Recording) -> str:
    """Sizes, medians with their intervals, and what was left out."""
    parts = {
        "layers": _layers,
        "sharing": _sharing,
        "first_write": _writes,
        "from_nothing": _nothing,
        "flavours": _flavours,
        "drift": _drift,
    }
    lines = [f"Docker's storage driver: {found.manifest.storage_driver}", ""]
    for name, tell in parts.items():
        table = getattr(found, name)
        if len(table):
            lines += [f"{name}:", *(f"  {line}" for line in tell(table)), ""]
    lines += [f"left out: {what}: {why}" for what, why in found.manifest.left_out.items()]
    return "\n".join(lines).strip()


def _layers(table: pd.DataFrame) -> Iterator[str]:
    for row in stats.image_layers(table).itertuples():
        there = "" if row.new else "  (there already)"
        size = units.text(_float(row.size_bytes), units.size)
        yield f"{row.image:<18} {row.title:<18} {row.files:>5} files {size:>10}{there}"


def _sharing(table: pd.DataFrame) -> Iterator[str]:
    for images, rows in stats.page_sharing(table).groupby("images", sort=False):
        last = list(rows.itertuples())[-1]
        whole = units.text(_float(last.total_pss_bytes), units.memory)
        each = units.text(_float(last.marginal_pss_bytes), units.memory)
        source = "1 image" if images == 1 else f"{images} images"
        yield f"{last.running} containers of {source}: {whole} (PSS), the last one {each}"


def _writes(table: pd.DataFrame) -> Iterator[str]:
    for row in stats.first_writes(table).itertuples():
        size = units.text(_float(row.file_bytes), units.memory)
        grew = units.text(_float(row.layer_grew_bytes), units.size)
        yield (
            f"{size:>9} on {row.place:<7} write {row.write}: {_time(row):<28} layer grew by {grew}"
        )


def _nothing(table: pd.DataFrame) -> Iterator[str]:
    whole = stats.from_nothing(table)
    for row in whole[whole["title"] == "total"].itertuples():
        what = units.text(_float(row.bytes), units.size) if row.start == 1 else "again"
        yield f"{row.way:<20} ({row.engine}) {what:>10}, {row.step} steps: {_time(row)}"


def _flavours(table: pd.DataFrame) -> Iterator[str]:
    for row in stats.flavours(table).itertuples():
        size = units.text(_float(row.image_bytes), units.size)
        yield f"{row.image:<9} {row.program:<9} {size:>9}, {row.files:>4} files: {_time(row)}"


def _drift(table: pd.DataFrame) -> Iterator[str]:
    for row in table.itertuples():
        said = str(row.out or row.err).strip().splitlines()[-1:]
        how = "works" if row.status == 0 else f"fails ({row.status})"
        yield f"{row.change}, {row.moment:<6} {row.place:<24} {how}: {' '.join(said)}"


def _time(row: Any) -> str:
    return units.with_interval(row.median_s, row.low_s, row.high_s, units.time)


def _float(value: Any) -> float:
    return float(value)
