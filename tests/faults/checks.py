"""What must hold after any fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import LabError
from labkit.experiments.table import load_run
from labkit.recordings import journal
from labkit.recordings.reader import ENDING, MANIFEST

_MESSAGE = re.compile(r"^(?=error: |trial \d+ \([\w-]+\) failed|ended by )", re.MULTILINE)


@dataclass(frozen=True)
class Kept:
    """The finished trials of a run, as the bytes of its tables."""

    trials: tuple[int, ...] = ()
    rows: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(cls, run: Path) -> Kept:
        """In a run that goes on, those that are in its journal."""
        if not (run / MANIFEST).exists():
            return cls()
        numbers = tuple(load_run(run).trials["trial"])
        if (run / ENDING).exists():
            return cls(numbers, tuple((file.name, file.read_bytes()) for file in run.glob("*.csv")))
        extents = journal.last(run).extents
        rows = ((name, journal.read(run, name, extent)) for name, extent in extents.items())
        return cls(numbers, tuple(rows))

    def lost_in(self, run: Path) -> list[str]:
        """What is no longer there byte for byte, or twice."""
        now = load_run(run).trials["trial"].tolist()
        lost = [f"trial {n}" for n in self.trials if now.count(n) != 1]
        for name, text in self.rows:
            if not (run / name).read_bytes().startswith(text):
                lost.append(f"{name} has changed")
        return lost


def unadvised(status: int, err: str) -> tuple[int, list[str]]:
    """How many failures a lab has told, and those without what, why and what to do."""
    messages = _MESSAGE.split(err)[1:]
    poor = [message for message in messages if not _advises(message)]
    if "Traceback" in err:
        poor.append(err[err.index("Traceback") :][-3000:])
    if status > 0 and not messages:
        poor.append(f"exit status {status} without a message: {err[-500:]}")
    return len(messages), poor


def without_advice(error: LabError) -> list[str]:
    return unadvised(1, f"error: {error}")[1]


def _advises(message: str) -> bool:
    if message.startswith("ended by "):
        advice = ("to go on: labkit run --resume", "to read it: labkit", "to begin anew: the same")
        return any(words in message for words in advice)
    return all(words in message for words in ("\n  why: ", "\n  what to do: "))
