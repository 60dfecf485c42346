"""What must hold after any fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from labkit import store, tables
from labkit.errors import LabError
from labkit.records import Trial
from labkit.store import TABLES

_MESSAGE = re.compile(r"^(?=error: |trial \d+ \([\w-]+\) failed|ended by )", re.MULTILINE)


@dataclass(frozen=True)
class Kept:
    """The finished trials of a run, as the bytes of its tables."""

    trials: tuple[int, ...] = ()
    rows: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(cls, run: Path) -> Kept:
        if not (run / store.MANIFEST).exists():
            return cls()
        found = store.read_tables(run, torn_end=True)
        numbers = tuple(t.trial for t in found["trials"] if isinstance(t, Trial))
        texts = {
            name: tables.head(kind) + tables.text(found[name]) for name, kind in TABLES.items()
        }
        return cls(numbers, tuple((name, text.encode()) for name, text in texts.items()))

    def lost_in(self, run: Path) -> list[str]:
        """What is no longer there byte for byte, or twice."""
        now = store.load(run).trials["trial"].tolist()
        lost = [f"trial {n}" for n in self.trials if now.count(n) != 1]
        for name, text in self.rows:
            if not (run / f"{name}.csv").read_bytes().startswith(text):
                lost.append(f"{name}.csv has changed")
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
        return "to go on: labkit run --resume" in message or "to read it: labkit" in message
    return all(words in message for words in ("\n  why: ", "\n  what to do: "))
