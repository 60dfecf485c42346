"""A chart: its figure, the same in words, and the data behind it."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from labkit import folders, units
from labkit.charts.style import drawing
from labkit.errors import UsageError
from labkit.records import Host

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Recorded(Protocol):
    """A manifest, of a run or of another experiment."""

    @property
    def host(self) -> Host: ...
    @property
    def created_at(self) -> str: ...


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
        drawn = {".svg": lambda: self.svg().encode(), ".png": self.png}
        if path.suffix not in drawn:
            raise UsageError(
                f"a chart cannot be saved as {path.name}", resolution="use .svg or .png"
            )
        with folders.writing(path):
            path.write_bytes(drawn[path.suffix]())
        return path

    def table_html(self) -> str:
        """The data behind the chart as an HTML table."""
        cells = self.table.map(units.cell)
        return str(cells.to_html(index=False, border=0, classes="data"))

    def html(self) -> str:
        """Figure with alt text and folded data table, without any link."""
        image = base64.b64encode(self.svg().encode()).decode()
        return (
            '<figure class="chart" style="margin:0">'
            f'<img alt="{html.escape(self.alt)}" style="max-width:100%;background:#fff" '
            f'src="data:image/svg+xml;base64,{image}">'
            f"<details><summary>Data table</summary>{self.table_html()}</details></figure>"
        )

    def _repr_html_(self) -> str:
        return self.html()

    def __repr__(self) -> str:
        return self.alt


def badge(manifest: Recorded, source: str = "recorded") -> str:
    """Where a chart's numbers come from: "recorded · 2 × AMD EPYC · kernel 6.18 · 2026-11-23"."""
    host = manifest.host
    processors = f"{host.cpus} × {host.cpu_model}"
    return " · ".join([source, processors, f"kernel {host.kernel}", manifest.created_at[:10]])
