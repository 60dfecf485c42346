"""The files of a homework: homework.html, homework.csv, and the folder raw."""

from __future__ import annotations

import re
from pathlib import Path

from labkit.experiments.benchmark import anonymous
from labkit.experiments.benchmark.homework.page import html
from labkit.experiments.benchmark.homework.tidy import tidy
from labkit.experiments.benchmark.records import Run, examined
from labkit.recordings import files
from labkit.system import owned_files

PROFILE = "homework"  # a run of this profile gets these files without being asked


def write(run: Run, folder: Path, *, badge: str) -> Path:
    """Writes them into a folder, and returns the page; what lies there under these names is
    replaced. Whoever gets them learns no name of this computer, of its users and folders: those
    stand in the run alone. StoreError."""
    run = examined(anonymous.recording(run))
    page, text = folder / "homework.html", html(run, badge=badge)  # UsageError: nothing is written
    with files.writing(folder):
        (folder / "raw").mkdir(parents=True, exist_ok=True)
        for row in run.reports.itertuples():
            owned_files.write_whole(folder / "raw" / _name(row), str(row.text))
        table = tidy(run).to_csv(index=False, lineterminator="\n")
        owned_files.write_whole(folder / "homework.csv", table)
        owned_files.write_whole(page, text)
    return page


def _name(row: object) -> str:
    """Such as trial-003-docker-fio_rw=read.json."""
    trial, backend, workload, text = (
        getattr(row, name) for name in ("trial", "backend", "workload", "text")
    )
    kind = "json" if str(text).lstrip().startswith("{") else "txt"
    words = re.sub(r"[^\w.=-]+", "_", f"{backend}-{workload}", flags=re.ASCII)
    return f"trial-{trial:03}-{words}.{kind}"
