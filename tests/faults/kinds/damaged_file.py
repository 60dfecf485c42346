"""A file of a recorded run is damaged: bits, bytes, lines, or all of it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd

from labkit.errors import StoreError
from labkit.experiments import report
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.records import TABLES, Run
from labkit.experiments.table import load_run
from labkit.measure.records import InstanceReading
from labkit.recordings import journal, tables
from labkit.recordings.kind import Rows
from labkit.recordings.reader import ENDING, MANIFEST
from labkit.recordings.writer import Writer
from labkit.system.paths import reference_dir
from tests.faults.checks import without_advice
from tests.faults.scene import OF_PROGRAMS, PROGRAM, Scene

FILES = [MANIFEST, *(f"{name}.csv" for name in TABLES)]
COMBINATIONS = [
    (state, file)
    for state, last in (("finished", ENDING), ("broken-off", journal.JOURNAL))
    for file in (*FILES, last)
]


def inject(scene: Scene) -> None:
    run = scene.run
    _put_whole(scene)
    if scene.fault.backend == "broken-off":
        _break_off(run)
    before = load_run(run)
    _damage(run / scene.fault.moment, scene.dice)
    scene.entry.injected = True
    try:
        found = load_run(run)
        report.write(found, scene.folder / "report.html")
    except StoreError as error:
        scene.entry.told += 1
        scene.entry.unadvised += without_advice(error)
        assert scene.fault.moment in f"{error.brief} {error.details}", error
        return
    _look_at(scene, before, found)


def _put_whole(scene: Scene) -> None:
    """A run that holds such rows: of programs, one that is made now; else a recorded one, of which
    only the one where servers were asked has requests."""
    table = scene.fault.moment.removesuffix(".csv")
    if table in OF_PROGRAMS:
        made = scene.perform(*scene.course("host", 3, PROGRAM).words)
        assert made.status == 0 and (scene.run / scene.fault.moment).exists(), made.err
        return
    whole = reference_dir() / ("web" if table == "requests" else "first-comparison")
    shutil.copytree(whole, scene.run, ignore=shutil.ignore_patterns("figures", "report.html"))


def _break_off(run: Path) -> None:
    """The same as it was before its end: written anew, batch by batch, in the order of a run."""
    whole = load_run(run)
    rows = {
        name: tables.parse((run / f"{name}.csv").read_bytes(), TABLES[name].record)
        for name in TABLES
        if (run / f"{name}.csv").exists()
    }
    shutil.rmtree(run)
    with closing(Writer.begin(run, EXPERIMENT, whole.manifest)) as writer:
        for number in whole.trials["trial"]:
            writer.append(_of(rows, "trial", number), {})
        for backend in whole.manifest.plan.instances:
            readings = [row for row in rows["instances"] if isinstance(row, InstanceReading)]
            writer.append({"instances": [r for r in readings if r.backend == backend]}, {})


def _of(rows: Rows, field: str, value: object) -> Rows:
    """The rows of all tables that have this field, with this value."""
    return {
        name: [row for row in found if getattr(row, field) == value]
        for name, found in rows.items()
        if field in TABLES[name].record.model_fields
    }


def _look_at(scene: Scene, before: Run, found: Run) -> None:
    """It loads: what was measured is there unchanged, or it could not be known."""
    same = found.manifest == before.manifest and all(
        before.tables[name].equals(found.tables[name]) for name in TABLES
    )
    if scene.fault.backend == "broken-off" and scene.fault.moment == MANIFEST:
        scene.entry.believed += not same
        assert isinstance(found.trials, pd.DataFrame)
    elif scene.fault.moment == journal.JOURNAL:
        # What its last lines told of is not known then: all before is there, and nothing else.
        scene.entry.believed += not same
        numbers = found.trials["trial"]
        assert numbers.tolist() == before.trials["trial"].tolist()[: len(numbers)]
        for name, table in found.tables.items():
            assert table.equals(before.tables[name].head(len(table)))
            if "trial" in table.columns:
                known = before.tables[name]["trial"].isin(numbers)
                assert len(table) == known.sum()
    else:
        # Only the ending vouches for itself: its date may be another one.
        assert same, "a change was not noticed"


def _damage(file: Path, dice: random.Random) -> None:
    content = file.read_bytes()
    for _ in range(100):
        damaged = dice.choice(DAMAGES)(content, dice)
        if damaged != content:
            break
    if damaged is None:
        file.unlink()
    else:
        file.write_bytes(damaged)


def _flip(content: bytes, dice: random.Random) -> bytes:
    """One bit, as a disk or a memory does."""
    changed = bytearray(content)
    changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _digit(content: bytes, dice: random.Random) -> bytes:
    """One digit becomes another one: the file is as well-formed as before."""
    places = [i for i, byte in enumerate(content) if chr(byte).isdigit()]
    place = dice.choice(places)
    return content[:place] + str(dice.randrange(10)).encode() + content[place + 1 :]


def _truncate(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def _tear(content: bytes, dice: random.Random) -> bytes:
    """The last row was not written to its end."""
    last = content.rstrip(b"\n").rpartition(b"\n")[2]
    return content[: len(content) - dice.randrange(1, len(last) + 1)]


def _noise(content: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(content))
    return content[:place] + dice.randbytes(dice.randrange(1, 200)) + content[place:]


def _zeros(content: bytes, dice: random.Random) -> bytes:
    """A block that was never written, as after a power cut."""
    place = dice.randrange(len(content))
    return content[:place] + bytes(min(512, len(content) - place)) + content[place + 512 :]


def _lines(change: Callable[[list[bytes], random.Random], None]) -> Callable[..., bytes]:
    def changed(content: bytes, dice: random.Random) -> bytes:
        lines = content.splitlines(keepends=True)
        change(lines, dice)
        return b"".join(lines)

    return changed


def _lose(lines: list[bytes], dice: random.Random) -> None:
    del lines[dice.randrange(len(lines))]


def _double(lines: list[bytes], dice: random.Random) -> None:
    place = dice.randrange(len(lines))
    lines.insert(place, lines[place])


def _swap(lines: list[bytes], dice: random.Random) -> None:
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]


DAMAGES: list[Callable[[bytes, random.Random], bytes | None]] = [
    _flip,
    _flip,
    _digit,
    _digit,
    _truncate,
    _tear,
    _noise,
    _zeros,
    _lines(_lose),
    _lines(_double),
    _lines(_swap),
    lambda content, dice: b"",
    lambda content, dice: None,
]
