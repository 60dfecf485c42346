"""A run as one file for the project: what is in it, what is not, what is taken in."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from labkit.errors import UsageError
from labkit.experiments.benchmark import anonymous, contribution, virtualized
from labkit.experiments.benchmark.records import Run
from labkit.experiments.table import load_run
from labkit.recordings import files
from labkit.system.paths import reference_dir

OF = frozenset({"anna", "annas-laptop", "vm"})


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(anonymous, "names", lambda: OF)
    for module in (contribution, virtualized):
        monkeypatch.setattr(module, "contributed_dir", lambda: tmp_path / "contributed")
    monkeypatch.setattr(virtualized, "runs_dir", lambda: tmp_path / "runs")
    return tmp_path


def made(folder: Path, name: str = "run", engine: str = "kvm", cpu: str = "AMD Ryzen 7") -> Run:
    """A run of a reader's, with an error and a daemon's address that tell of him."""
    place = Path(shutil.copytree(reference_dir() / "quiet", folder / name))
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["backends"]["qemu"]["engine"] = engine
    manifest["host"]["cpu_model"] = cpu
    manifest["backends"]["docker"]["daemon"] = "unix:///home/anna/.docker/run/docker.sock"
    manifest["backends"]["docker"]["configuration"] = {"root": "/srv/anna", "driver": "overlay2"}
    (place / "manifest.json").write_text(json.dumps(manifest))
    trials = (place / "trials.csv").read_text().replace(",tcg,", f",{engine},")
    (place / "trials.csv").write_text(trials)
    ending = json.loads((place / "ending.json").read_text())
    ending["left_out"] = {"podman": "annas-laptop: cannot read /home/anna/x"}
    for name in ("manifest.json", "trials.csv"):
        ending["digests"][name] = files.digest_of((place / name).read_bytes())
    (place / "ending.json").write_text(json.dumps(ending))
    return load_run(place)


@pytest.mark.parametrize(
    ("text", "is_now"),
    [
        ("no /home/anna/x y", "no PATH y"),
        ("unix:///home/anna/docker.sock", "unix:PATH"),
        ("~/runs is full", "PATH is full"),
        (r"C:\Users\anna\runs", "PATH"),
        ("tcp://annas-laptop:2375", "tcp:PATH:2375"),
        ("anna@annas-laptop said", "NAME said"),
        ("user anna on vm, not on vmware", "user NAME on NAME, not on vmware"),
        ("12.5 MiB/s by /dev/kvm", "12.5 MiB/s by /dev/kvm"),
        ("8968.80 [#/sec] (mean)", "8968.80 [#/sec] (mean)"),
        ("min  mean[+/-sd] median", "min  mean[+/-sd] median"),
        ("in /s/anna or /sec/x", "in PATH or PATH"),
        ("16602.62 [#/sec] (mean)\nmin mean[+/-sd]", "16602.62 [#/sec] (mean)\nmin mean[+/-sd]"),
        ("#/sec/bob x, +/home/bob", "#PATH x, +PATH"),
        ("/home/bob/My Documents/x.csv is not there", "PATH is not there"),
        ("cannot copy /usr/lib/x to /home/bob/y z/w", "cannot copy /usr/lib/x to PATH"),
        (r"C:\Users\An na\x y\z.txt, full", "PATH, full"),
        ("Anna said", "NAME said"),
        ("dockerd 20.10.24+dfsg1, runc 1.1.5", "dockerd 20.10.24+dfsg1, runc 1.1.5"),
    ],
)
def test_a_text_names_nobody(text: str, is_now: str) -> None:
    assert anonymous.cleaner(OF)(text) == is_now


def test_the_file_is_the_run_without_names_and_is_taken_in(places: Path) -> None:
    run = made(places)
    file = contribution.contribute(run, places / "run.zip")
    with zipfile.ZipFile(file) as packed:
        text = "".join(packed.read(name).decode() for name in packed.namelist())
    assert "anna" not in text and "/home" not in text and "overlay2" in text
    taken = load_run(contribution.take(file))
    assert taken.path.name == f"amd-ryzen-7-kvm-{run.manifest.recording_id}"
    for name, table in run.tables.items():
        assert taken.tables[name].equals(table)
    with pytest.raises(UsageError, match="there already"):
        contribution.take(file)


@pytest.mark.parametrize("name", ["../manifest.json", "more.csv"])
def test_a_file_with_anything_else_is_refused(name: str, places: Path) -> None:
    file = contribution.contribute(made(places), places / "run.zip")
    with zipfile.ZipFile(file, "a") as packed:
        packed.writestr(name, "")
    with pytest.raises(UsageError, match="no contributed run"):
        contribution.take(file)
    assert not (places / "manifest.json").exists()


def test_a_file_whose_id_leads_elsewhere_is_refused(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(places)
    named = run.manifest.model_copy(update={"recording_id": "/../../../evil"})
    evil = Run(run.path, named, run.tables, run.ending)
    with pytest.raises(UsageError):
        contribution.contribute(evil, places / "run.zip")
    with monkeypatch.context() as careless:  # as somebody else's lab may be
        careless.setattr(contribution, "_ID", re.compile(".*"))
        file = contribution.contribute(evil, places / "run.zip")
    with pytest.raises(UsageError):
        contribution.take(file)


def test_where_images_of_ones_own_lie_is_in_the_run_alone(places: Path) -> None:
    run = made(places)
    own = {
        "docker": "qemu:disk=/srv/b/x.raw:ready=tcp:1",
        "qemu": "qemu:disk=/srv/a/x.raw:ready=tcp:1",
    }
    manifest = run.manifest.model_dump(mode="json")
    manifest["backends"] = {own.get(n, n): info for n, info in manifest["backends"].items()}
    tables = {
        name: table.assign(backend=table["backend"].replace(own)) if "backend" in table else table
        for name, table in run.tables.items()
    }
    named = type(run.manifest).model_validate(manifest)
    shown = anonymous.recording(Run(run.path, named, tables, run.ending))
    names = set(shown.manifest.backends)
    assert names == set(shown.trials["backend"]) and len(names) == len(run.manifest.backends)
    assert "qemu:disk=x.raw:ready=tcp:1" in names and not [n for n in names if "srv" in n]


def test_images_of_ones_own_stay_at_home(places: Path) -> None:
    run = made(places)
    backends = {**run.manifest.backends, "qemu:disk=/home/anna/x.qcow2:ready=tcp:22": None}
    named = run.manifest.model_copy(update={"backends": backends})
    with pytest.raises(UsageError, match="one's own"):
        contribution.contribute(Run(run.path, named, run.tables, run.ending), places / "run.zip")


def test_a_changed_file_is_refused(places: Path) -> None:
    (places / "text").write_text("no zip")
    with pytest.raises(UsageError, match="cannot be unpacked"):
        contribution.take(places / "text")


def test_the_readers_own_run_is_shown_before_a_contributed_one(places: Path) -> None:
    (places / "runs").mkdir()
    made(places / "runs", "emulated", cpu="QEMU TCG CPU version 2.5+")
    made(places / "runs", "tcg", engine="tcg")
    sent = contribution.contribute(made(places, "sent"), places / "sent.zip")
    contribution.take(sent)
    run, why = virtualized.best()
    assert run.path.parent.name == "contributed" and "a reader has sent" in why
    own = made(places / "runs", "mine")
    found, why = virtualized.best()
    assert (found.path, why) == (own.path, "It is your own run mine.")
    assert virtualized.best(own=False)[0].path == run.path


def test_a_run_that_was_broken_off_is_refused(places: Path) -> None:
    run = made(places)
    broken = Run(run.path, run.manifest, run.tables)
    with pytest.raises(UsageError, match="broken off"):
        contribution.contribute(broken, places / "run.zip")
