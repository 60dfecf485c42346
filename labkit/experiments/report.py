"""A recording for readers: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.charts.chart import Chart
from labkit.errors import StoreError
from labkit.experiments.table import experiment
from labkit.notes import badge
from labkit.recordings.exports import exporting
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording
from labkit.system import owned_files
from labkit.system.paths import data_dir, packed, typed
from labkit.system.telling import tell

if TYPE_CHECKING:
    from jinja2 import Template


def write(recording: Recording[Any], path: Path, *, source: str = "recorded") -> Path:
    """Writes the report; the file is complete or not there. source: "recorded" or "live".
    Raises StoreError."""
    made_by = experiment(recording.manifest.experiment)
    text = made_by.page(recording, badge(recording.manifest, source))
    with exporting(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        owned_files.write_whole(path, text)
    return path


def write_beside(recording: Recording[Any], *, source: str = "recorded") -> Path | None:
    """The same at its usual place. Where nothing may be written there, that is told: the recording
    can be read all the same."""
    try:
        return write(recording, usual_place(recording), source=source)
    except StoreError as error:
        again = f"labkit report {typed(recording.path)} --out FILE"
        tell(f"no page was made: {error.brief}: {error.details}; elsewhere: {again}")
        return None


def usual_place(recording: Recording[Any]) -> Path:
    """Beside the recording; what lies in an installed package is left as it is."""
    if packed() and recording.path.is_relative_to(data_dir()):
        return Path(f"{recording.path.name}.html")
    return recording.path / "report.html"


def template(folder: str, name: str) -> Template:
    """A page's template, of a folder of this package: what it is given is escaped, and none of
    it may be missing."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("labkit", folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def page(manifest: Manifest, text: str, charts: Mapping[str, Chart], badge: str) -> str:
    """One HTML page that needs nothing else."""
    return template("experiments", "page.html.jinja").render(
        manifest=manifest, badge=badge, text=text, charts=list(charts.values())
    )
