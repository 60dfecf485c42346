"""The run by which a reader sees what hardware virtualization changes: the best that there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from labkit.errors import StoreError
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.records import Run
from labkit.recordings import reader
from labkit.recordings.listing import listed
from labkit.recordings.words import HARDWARE_ENGINES
from labkit.system.paths import contributed_dir, reference_dir, runs_dir

EMULATED = "emulated-amd-v"
OWN = "It is your own run {name}."
SENT = (
    "It is a run that a reader has sent ({name}): data/runs has none in which hardware "
    "virtualization ran a machine."
)
OURS = (
    "It was recorded on a computer that is itself emulated, with its AMD-V: a machine there is far "
    "slower than a real one, and only what its own backends have to do with each other counts. "
    "With KVM on your computer, labkit run makes a better one."
)


def best(*, own: bool = True) -> tuple[Run, str]:
    """The run, and why it is this one: the reader's newest, else one that was sent, else that of
    the emulated computer. StoreError where not even that is there."""
    for folder, words in [*([(runs_dir(), OWN)] if own else []), (contributed_dir(), SENT)]:
        for run in _found(folder):
            return run, words.format(name=run.path.name)
    return reader.read(reference_dir() / EMULATED, EXPERIMENT), OURS


def _found(folder: Path) -> Iterator[Run]:
    """Whole runs of real computers in which such an engine ran a machine well, the newest first."""
    for recording in reversed(listed(folder)):
        if recording.experiment == EXPERIMENT.name and recording.state == "complete":
            with suppress(StoreError):
                run = reader.read(recording.folder, EXPERIMENT)
                good = run.trials[run.trials["status"] == "ok"]
                if good["engine"].isin(HARDWARE_ENGINES).any() and not run.manifest.host.emulated:
                    yield run
