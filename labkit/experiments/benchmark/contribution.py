"""A run as one file that can be sent to the project, and such a file taken in.

The file is a zip of the run's own files, written anew without names (labkit.experiments.benchmark
.anonymous); its digests are those of what is in it, and it is read as any run is, at both ends.
"""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

from labkit.backends.own.names import is_own
from labkit.errors import UsageError
from labkit.experiments.benchmark import anonymous
from labkit.experiments.benchmark.experiment import EXPERIMENT
from labkit.experiments.benchmark.records import Run
from labkit.recordings import reader
from labkit.recordings.exports import exporting
from labkit.recordings.words import HARDWARE_ENGINES
from labkit.recordings.writer import Writer
from labkit.system import owned_files, plain_files
from labkit.system.paths import contributed_dir, typed

# Of a file that somebody has sent: a run of hundreds of trials has a few MB.
MOST_BYTES = 200_000_000
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def contribute(run: Run, target: Path) -> Path:
    """Writes the file. UsageError for a run that says nothing, StoreError without room."""
    _require_whole(run)
    with exporting(target), owned_files.unfinished_folder(target.absolute().parent) as place:
        _write_anew(run, place / "run")
        _require_whole(reader.read(place / "run", EXPERIMENT))
        _pack(place / "run", place / "file")
        owned_files.settle(place / "file", target)
    return target


def take(file: Path) -> Path:
    """Puts what was sent among the contributed runs, under its processor, engines and date."""
    folder = contributed_dir()
    folder.mkdir(parents=True, exist_ok=True)
    with owned_files.unfinished_folder(folder) as place:
        _unpack(file, place / "run")
        run = reader.read(place / "run", EXPERIMENT)
        _require_whole(run)
        target = folder / name(run)
        if target.exists():
            raise UsageError(f"{target} is there already", resolution="remove it, if it is another")
        owned_files.settle(place / "run", target)
    return target


def name(run: Run) -> str:
    """Such as amd-ryzen-7-5800u-kvm-20261129-150000-0a1b."""
    engines = sorted({info.engine for info in run.manifest.backends.values()} & HARDWARE_ENGINES)
    words = " ".join([run.manifest.host.cpu_model, *engines])
    return f"{re.sub('[^a-z0-9]+', '-', words.lower()).strip('-')}-{run.manifest.recording_id}"


def _require_whole(run: Run) -> None:
    if not _ID.fullmatch(run.manifest.recording_id):  # it becomes a file's name
        raise UsageError(
            "this run's id is none of the lab's",
            details=f"it says {run.manifest.recording_id!r}",
            resolution="take the run as the lab has written it",
        )
    if run.ending is None:
        raise UsageError(
            "this run was broken off", resolution=f"labkit run --resume {typed(run.path)}"
        )
    if any(map(is_own, run.manifest.backends)):
        raise UsageError(
            "a run with images of one's own is not for the project",
            details="their names say where they lie, and nobody else has them",
            resolution="measure without them",
        )
    if not (run.trials["status"] == "ok").any():
        raise UsageError("no trial of this run was good", resolution="labkit report says why")


def _write_anew(run: Run, folder: Path) -> None:
    clean = anonymous.cleaner(anonymous.names())
    assert run.ending is not None, "_require_whole has refused such a run"
    manifest = anonymous.record(run.manifest, clean)
    rows = reader.read_rows(run.path, EXPERIMENT)
    writer = Writer.begin(folder, EXPERIMENT, manifest)
    writer.append({n: [anonymous.record(r, clean) for r in of] for n, of in rows.items()}, {})
    left_out = {name: clean(why) for name, why in run.ending.left_out.items()}
    writer.finish(run.ending.reason, left_out, ended_at=run.ending.ended_at)
    writer.close()


def _pack(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(folder.iterdir()):
            packed.write(file, file.name)


def _unpack(file: Path, folder: Path) -> None:
    """Only what a run consists of: a name in a zip may lead anywhere."""
    known = {reader.MANIFEST, reader.ENDING, *(f"{name}.csv" for name in EXPERIMENT.tables)}
    folder.mkdir()
    try:
        plain_files.require_plain(file)
        with zipfile.ZipFile(file) as packed:
            inside = packed.infolist()
            if {entry.filename for entry in inside} - known or len(inside) > len(known):
                raise UsageError(f"{file} is no contributed run", details="it has other files")
            if sum(entry.file_size for entry in inside) > MOST_BYTES:
                raise UsageError(f"{file} is no contributed run", details="it is too large")
            for entry in inside:
                with packed.open(entry) as source, (folder / entry.filename).open("xb") as target:
                    shutil.copyfileobj(source, target)
    except (OSError, zipfile.BadZipFile) as error:
        raise UsageError(f"{file} cannot be unpacked", details=str(error)) from error
