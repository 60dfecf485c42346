"""A chart: its figure, the same in words, and the data behind it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

import pandas as pd

from labkit import units
from labkit.charts.style import drawing, settle
from labkit.errors import UsageError
from labkit.recordings import files
from labkit.system import owned_files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")
# JupyterLab's dark theme: light and dark change places, the hues stay. White becomes its ground.
DARK = (
    '<style>[data-jp-theme-light="false"] .labkit-chart img'
    "{filter:invert(.93) hue-rotate(180deg)}</style>"
)
LONGEST_ALT = 400  # characters: it is read aloud as a whole, the data table row by row


@dataclass(frozen=True, repr=False)
class Chart:
    """What a chart function returns; a notebook shows it with alt text and data table.

    JupyterLab passes on no alt text of an image output, so the figure goes into HTML.
    """

    title: str
    figure: Figure
    alt: str
    table: pd.DataFrame
    badge: str

    def svg(self) -> str:
        """The figure as SVG; the same data give the same text."""
        target = io.StringIO()
        with drawing():
            metadata = {"Date": None, "Creator": None, "Title": self.title}
            self.figure.savefig(target, format="svg", metadata=metadata)
        return target.getvalue()

    def png(self, dpi: int = 144) -> bytes:
        """The figure as PNG."""
        target = io.BytesIO()
        with drawing():
            self.figure.savefig(target, format="png", dpi=dpi, metadata={"Software": None})
        return target.getvalue()

    def save(self, path: Path) -> Path:
        """Writes a .svg or .png file. Raises UsageError for any other suffix, and StoreError."""
        require_drawable(path)
        drawn = {".svg": lambda: self.svg().encode(), ".png": self.png}
        with files.writing(path):
            owned_files.write_whole(path, drawn[path.suffix]())
        return path

    def table_html(self) -> str:
        """The data behind the chart as an HTML table."""
        cells = self.table.map(units.cell)
        return str(cells.to_html(index=False, border=0, classes="data"))

    def html(self) -> str:
        """Figure with alt text and folded data table, without any link."""
        image = base64.b64encode(self.svg().encode()).decode()
        return (
            f'<figure class="labkit-chart" style="margin:0">{DARK}'
            f'<img alt="{html.escape(_short(self.alt))}" style="max-width:100%;background:#fff" '
            f'src="data:image/svg+xml;base64,{image}">'
            f"<details><summary>Data table</summary>{self.table_html()}</details></figure>"
        )

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return self.alt


def _short(alt: str) -> str:
    """An alt text that does not take minutes; what is cut off is in the data table. The cut is
    behind a whole part of a list where that leaves enough, and never within a number."""
    if len(alt) <= LONGEST_ALT:
        return alt
    rest = " … The data table has the rest."
    words = alt[: LONGEST_ALT - len(rest)].rpartition(" ")[0]
    whole = max((words.rpartition(mark)[0] for mark in ("; ", ". ")), key=len)
    return (whole if len(whole) > LONGEST_ALT // 2 else words) + rest


def drawn(draw: Callable[P, Chart]) -> Callable[P, Chart]:
    """What all chart functions have around them: our settings while they draw, keys included,
    whatever the user has set; at the end, the layout is settled."""

    @wraps(draw)
    def chart(*args: P.args, **kwargs: P.kwargs) -> Chart:
        with drawing():
            made = draw(*args, **kwargs)
            settle(made.figure)
        return made

    return chart


def shown_data(table: pd.DataFrame) -> pd.DataFrame:
    """The data behind a chart for its readers, without what only the drawing asks for."""
    return table.drop(columns=["family", "few"], errors="ignore").reset_index(drop=True)


def require_drawable(path: Path) -> None:
    """UsageError where a chart cannot be saved under such a name: to be called before the work."""
    if path.suffix not in (".svg", ".png"):
        raise UsageError(f"a chart cannot be saved as {path.name}", resolution="use .svg or .png")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent}", resolution="make it first")
