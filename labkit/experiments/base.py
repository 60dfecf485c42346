"""What an experiment is. A new one is one folder beside this file, and one line in `table`.

    Options ──plan──> plan ──measure──> batches of records ──> recording ──> text, charts, summary

The engine does the rest for all of them: it prepares the backends, writes each batch as soon as it
is there, goes on with what was broken off, reads and checks, and gives each experiment its command
and its cell in a notebook.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from labkit.errors import BackendError, LabError, UsageError
from labkit.experiments.options import Options
from labkit.record import Record
from labkit.recordings.facts import Limits
from labkit.recordings.kind import Rows, Table
from labkit.recordings.manifest import Manifest, Reason
from labkit.recordings.reader import Recording
from labkit.text_table import wrapped

if TYPE_CHECKING:
    from labkit.charts.chart import Chart
    from labkit.measure.session import Session

O = TypeVar("O", bound=Options)  # noqa: E741  options
P = TypeVar("P", bound=Record)  # plan
M = TypeVar("M", bound=Manifest)
# What `measure` gives: batches, each of which is written as a whole; then why there are no more.
Batches = Generator[Rows, None, Reason]
# Name → chart.
Charts: TypeAlias = "Mapping[str, Chart]"


@dataclass(frozen=True)
class Needs:
    """What must be ready before anything is measured.

    limits: of the instances whose state is saved beforehand. network: guests find their network
    card. lenient: a backend that cannot run is left out, with the reason, and not an error.
    packages: Debian's, whose programs are in the lab image, besides those that workloads name.
    """

    backends: Sequence[str]
    limits: Limits = field(default_factory=Limits)
    network: bool = False
    lenient: bool = False
    workloads: Sequence[str] = ()
    packages: Sequence[str] = ()


class Experiment(ABC, Generic[O, P, M]):
    """One experiment; the table knows its command, and each of its manifests its name."""

    name: ClassVar[str]
    # What the command does and how to read it.
    help: ClassVar[str]
    # The recording of it that comes with the lab, if there is one.
    reference: ClassVar[str | None]
    # What is said where all of it failed, before the reasons; empty where `failure` tells it.
    all_failed: ClassVar[str] = ""
    options: type[O]
    manifest: type[M]
    tables: Mapping[str, Table]

    @abstractmethod
    def plan(self, options: O) -> P:
        """A checked plan; UsageError says what makes no sense."""

    def left_out(self, options: O) -> Mapping[str, str]:
        """What nobody named and cannot run here → why, and what mends it."""
        return {}

    def describe(self, plan: P) -> str:
        """The plan in a line: what will be done, and about how long it takes."""
        return ""

    def batches(self, plan: P) -> int | None:
        """How many there will be, for the progress bar; None where nobody knows."""
        return None

    @abstractmethod
    def needs(self, plan: P) -> Needs:
        """What must be ready before anything is measured."""

    def without(self, plan: P, names: Collection[str]) -> P | None:
        """The plan without some of its backends; None where it needs all of them."""
        return None

    def facts(self, plan: P, session: Session) -> Mapping[str, Any]:
        """The fields that this experiment's manifest has besides `plan`."""
        return {}

    @abstractmethod
    def measure(self, plan: P, session: Session) -> Batches:
        """Does the plan, but for what `session.before` holds of it. What goes wrong with one part
        is noted by a record or by `session.leave_out`; an error ends all of it."""

    def faults(self, manifest: Manifest, rows: Rows) -> Iterator[tuple[str, str]]:
        """(table, what is wrong with it) of a recording that is read; see `Kind`."""
        yield from ()

    def examined(self, recording: Recording[M]) -> Recording[M]:
        """The recording for whoever shows it in several ways: what these have in common is computed
        once."""
        return recording

    @abstractmethod
    def text(self, recording: Recording[M]) -> str:
        """What the command prints: plain text, no wider than 100 columns."""

    def told(self, recording: Recording[M]) -> str:
        """The text, and whatever was left out that it does not say itself."""
        text = self.text(recording)
        words = " ".join(text.split())
        unsaid = [
            line
            for what, why in recording.left_out.items()
            if " ".join(why.split()) not in words
            for line in wrapped(f"left out: {what}: {why}")
        ]
        return "\n".join([text, *unsaid])

    def json(self, recording: Recording[M]) -> dict[str, Any]:
        """What the command prints with --json."""
        return recording.json()

    def charts(self, recording: Recording[M], badge: str) -> Charts:
        """Those that there are data for; the most telling one first."""
        return {}

    def page(self, recording: Recording[M], badge: str) -> str:
        """The recording as one HTML page."""
        from labkit.experiments.report import page

        return page(recording.manifest, self.told(recording), self.charts(recording, badge), badge)

    def in_form(self, recording: Recording[M], form: str, folder: Path) -> Path:
        """Writes the recording in another form into a folder, and returns the page to be opened.
        UsageError where this experiment has no such form."""
        raise UsageError(
            f"a recording of {self.name} cannot be written as {form}",
            resolution="name a run of real programs: labkit run --profile homework",
        )

    def finished(self, recording: Recording[M]) -> None:
        """What is done besides with a recording that was just brought to its end."""

    def further_pages(self, recording: Recording[M]) -> Mapping[str, Path]:
        """Form → page, of what `finished` has made besides the report."""
        return {}

    def failure(self, recording: Recording[M]) -> LabError | None:
        """Why the command fails though all is recorded, such as trials that failed."""
        if not self.all_failed or recording.ending is None or recording.ending.reason != "failures":
            return None
        reasons = (f"{name}: {why}" for name, why in recording.left_out.items())
        return BackendError(self.all_failed, details="\n".join(reasons))
