"""The study note, sentence by sentence: what was measured of it, and whether it holds.

The sentences are in data/claims.csv; each has a function here that looks at what was recorded.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import cache

import pandas as pd

from labkit.course.claims import components, docker, images, paas, virtualization
from labkit.course.claims.finding import VERDICTS, Finding
from labkit.system.paths import data_dir

__all__ = ["VERDICTS", "Finding", "Page", "page", "table"]

FINDINGS: Mapping[str, Callable[[], Finding]] = {
    **docker.FINDINGS,
    **paas.FINDINGS,
    **images.FINDINGS,
    **virtualization.FINDINGS,
    **components.FINDINGS,
}


@cache
def table() -> pd.DataFrame:
    """A row a sentence: id, section, korean, english, figure, verdict, when, chapter."""
    note = pd.read_csv(data_dir() / "claims.csv", dtype=str, keep_default_na=False)
    findings = pd.DataFrame([vars(FINDINGS[name]()) for name in note["id"]])
    return pd.concat([note, findings], axis=1)


class Page:
    """A section of the note for a notebook: the sentences with figure and verdict."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self.rows = rows

    def __repr__(self) -> str:
        return "\n".join(f"{r.english}\n  {_words(r)}: {r.figure}" for r in self.rows.itertuples())

    def _repr_html_(self) -> str:
        names = ("the note says", "figure", "verdict")
        heads = "".join(f"<th style='text-align:left'>{name}</th>" for name in names)
        return f"<table><tr>{heads}</tr>{''.join(map(_row, self.rows.itertuples()))}</table>"


def page(section: str) -> Page:
    """Such as "1-3"."""
    rows = table()
    return Page(rows[rows["section"] == section].reset_index(drop=True))


def _row(row: object) -> str:
    text = f"{_safe(row, 'korean')}<br>{_safe(row, 'english')}<br><code>{_safe(row, 'id')}</code>"
    figure = f"{_safe(row, 'figure')} (chapter {_safe(row, 'chapter')})"
    cells = (text, figure, f"<b>{html.escape(_words(row))}</b>")
    return "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"


def _words(row: object) -> str:
    verdict, when = (getattr(row, name) for name in ("verdict", "when"))
    return f"{verdict} {when}".strip()


def _safe(row: object, name: str) -> str:
    """For HTML; what stands between backticks is code there, too."""
    return re.sub("`([^`]*)`", r"<code>\1</code>", html.escape(str(getattr(row, name))))
