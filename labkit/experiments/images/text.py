"""What `labkit images` prints: a few lines for each experiment that was made."""

from __future__ import annotations

from typing import Any

import pandas as pd

from labkit import units
from labkit.experiments.images import stats
from labkit.experiments.images.records import ImagesRecording
from labkit.notes import PSS_UNREAD
from labkit.text_table import aligned, wrapped


def images_text(recording: ImagesRecording) -> str:
    """Sizes, medians with their intervals, and what was left out."""
    parts = {
        "layers": _layers,
        "page_sharing": _sharing,
        "copy_up": _writes,
        "cold_load": _cold_load,
        "base_images": _base_images,
        "drift": _drift,
    }
    lines = [f"Docker's storage driver: {recording.manifest.storage_driver}", ""]
    for name, tell in parts.items():
        table = recording.tables[name]
        if len(table):
            lines += [f"{name}:", *(f"  {line}" for line in tell(table)), ""]
    lines += [f"left out: {what}: {why}" for what, why in recording.left_out.items()]
    return "\n".join(lines).strip()


def _layers(table: pd.DataFrame) -> list[str]:
    rows = []
    for row in stats.image_layers(table).itertuples():
        size = units.text(_float(row.size_bytes), units.size)
        there = "" if row.new else "(there already)"
        rows.append([str(row.image), str(row.title), f"{row.files} files", size, there])
    return aligned(rows, right=[2, 3])


def _sharing(table: pd.DataFrame) -> list[str]:
    lines = []
    for images, rows in stats.page_sharing(table).groupby("images", sort=False):
        last = list(rows.itertuples())[-1]
        whole = units.text(_float(last.total_pss_bytes), units.memory)
        each = units.text(_float(last.marginal_pss_bytes), units.memory)
        source = "1 image" if images == 1 else f"{images} images"
        lines.append(f"{last.running} containers of {source}: {whole} (PSS), the last one {each}")
    return lines + (
        wrapped(f"{units.UNKNOWN}: {PSS_UNREAD}") if table["pss_bytes"].isna().any() else []
    )


def _writes(table: pd.DataFrame) -> list[str]:
    rows = []
    for row in stats.copy_up(table).itertuples():
        size = units.text(_float(row.file_bytes), units.memory)
        grew = f"layer grew by {units.text(_float(row.layer_grew_bytes), units.size)}"
        rows.append([size, f"on {row.place}", f"write {row.write}:", _time(row), grew])
    return aligned(rows, right=[0])


def _cold_load(table: pd.DataFrame) -> list[str]:
    whole = stats.cold_load(table)
    rows = []
    for row in whole[whole["title"] == "total"].itertuples():
        what = units.text(_float(row.bytes), units.size) if row.start == 1 else "again"
        rows.append([str(row.way), f"({row.engine})", what, f"{row.step} steps:", _time(row)])
    return aligned(rows, right=[2])


def _base_images(table: pd.DataFrame) -> list[str]:
    rows = []
    for row in stats.base_images(table).itertuples():
        size = units.text(_float(row.image_bytes), units.size)
        rows.append([str(row.image), str(row.program), size, f"{row.files} files:", _time(row)])
    return aligned(rows, right=[2, 3])


def _drift(table: pd.DataFrame) -> list[str]:
    rows = []
    for row in table.itertuples():
        output = str(row.out or row.err).strip().splitlines()[-1:]
        how = "works" if row.status == 0 else f"fails ({row.status})"
        when = f"{row.change}, {row.moment}"
        rows.append([when, str(row.place), f"{how}: {' '.join(output)}"])
    return aligned(rows)


def _time(row: Any) -> str:
    return units.with_interval(row.median_s, row.low_s, row.high_s, units.time)


def _float(value: Any) -> float:
    return float(value)
