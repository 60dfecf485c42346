"""A run of 10,000 trials and 1,000,000 samples: made of a recorded one, then read and drawn.

    big_run.py make FOLDER    the recording first-comparison, over and over, in blocks of their own
    big_run.py read FOLDER    load, summary, all charts

It is for timing only: its figures mean nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import labkit
from labkit.experiments.benchmark.figures import charts
from labkit.experiments.benchmark.records import examined
from labkit.recordings.files import digest_of
from labkit.recordings.manifest import Ending
from labkit.recordings.reader import ENDING, MANIFEST
from labkit.system.paths import reference_dir

SOURCE = reference_dir() / "first-comparison"
TRIALS, SAMPLES = 10_000, 1_000_000


def make(folder: Path) -> None:
    folder.mkdir()
    ending = Ending.model_validate_json((SOURCE / ENDING).read_bytes())
    contents = {MANIFEST: (SOURCE / MANIFEST).read_bytes()}
    for name in ending.digests:
        if name.endswith(".csv"):
            table = pd.read_csv(SOURCE / name, dtype=str, keep_default_na=False)
            contents[name] = _often(table).to_csv(index=False).encode()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    digests = {name: digest_of(content) for name, content in contents.items()}
    text = ending.model_copy(update={"digests": digests}).model_dump_json()
    (folder / ENDING).write_text(text)


def _often(table: pd.DataFrame) -> pd.DataFrame:
    """Samples are thinned out to their number; those of a moment stay."""
    if "trial" not in table:
        return table
    trials = pd.read_csv(SOURCE / "trials.csv")
    times = -(-TRIALS // len(trials))
    numbers = {"trial": trials["trial"].max(), "block": trials["block"].max()}
    copies = []
    for copy in range(times):
        changed = {
            name: (table[name].astype(int) + copy * most).where(table[name] != "0", 0).astype(str)
            for name, most in numbers.items()
            if name in table
        }
        copies.append(table.assign(**changed))
    whole = pd.concat(copies, ignore_index=True)
    if "moment" not in table:
        return whole
    spare = whole.index[whole["moment"] == ""].to_series()
    return whole.drop(spare.sample(len(whole) - SAMPLES, random_state=0))


def read(folder: Path) -> None:
    run = examined(labkit.load(folder))
    labkit.benchmark.stats.summary(run)
    for chart in charts(run, "").values():
        chart.svg()


if __name__ == "__main__":
    {"make": make, "read": read}[sys.argv[1]](Path(sys.argv[2]))
