"""A file of a recorded run is damaged: bits, bytes, lines, or all of it."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from labkit import report, store
from labkit.errors import StoreError
from labkit.paths import reference_dir
from tests.faults.checks import without_advice
from tests.faults.scene import Scene

FILES = [store.MANIFEST, *(f"{name}.csv" for name in store.TABLES), store.ENDING]
COMBINATIONS = [
    (state, file)
    for state in ("finished", "broken-off")
    for file in FILES
    if state == "finished" or file != store.ENDING
]


def inject(scene: Scene) -> None:
    run = scene.folder / "run"
    whole = reference_dir() / "first-comparison"
    shutil.copytree(whole, run, ignore=shutil.ignore_patterns("figures", "report.html"))
    finished = scene.fault.backend == "finished"
    if not finished:
        (run / store.ENDING).unlink()
    before = store.load(run)
    _damage(run / scene.fault.moment, scene.dice)
    scene.entry.injected = True
    try:
        found = store.load(run)
        report.write(found, scene.folder / "report.html")
    except StoreError as error:
        scene.entry.told += 1
        scene.entry.unadvised += without_advice(error)
        assert scene.fault.moment in f"{error.brief} {error.details}", error
        return
    _look_at(scene, before, found)


def _look_at(scene: Scene, before: store.Run, found: store.Run) -> None:
    """It loads: what was measured is there unchanged, or it could not be known."""
    same = found.manifest == before.manifest and all(
        getattr(before, name).equals(getattr(found, name)) for name in store.TABLES
    )
    if scene.fault.backend == "finished" and scene.fault.moment == store.ENDING:
        # Only the ending vouches for itself: its date may be another one.
        assert same
        return
    if scene.fault.backend == "finished":
        assert same, "a change of a run that has ended was not noticed"
        return
    scene.entry.believed += not same
    assert isinstance(found.trials, pd.DataFrame)


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
    _noise,
    _zeros,
    _lines(_lose),
    _lines(_double),
    _lines(_swap),
    lambda content, dice: b"",
    lambda content, dice: None,
]
