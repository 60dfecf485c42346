"""The doctor always answers: whatever goes wrong with one backend is that one's finding; and a run
that names none leaves it out."""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from labkit import image
from labkit.backends import table
from labkit.backends.base import Backend
from labkit.backends.host import HostBackend
from labkit.backends.qemu.backend import QemuBackend
from labkit.backends.qemu.command import PROGRAMS, here
from labkit.backends.table import BACKENDS
from labkit.errors import CommandError, LabError
from labkit.experiments.benchmark import planning, profiles
from labkit.experiments.benchmark.experiment import Benchmark
from labkit.image import LabImage
from labkit.measure import session
from labkit.setup import diagnosis
from labkit.setup.text import diagnosis_text
from tests.unit.fakes import NO_IMAGE, FakeBackend, FakeClock
from tests.unit.test_runner import plan

FAULTS = (
    CommandError("it failed", details="exit status 127"),
    TypeError("'NoneType' object is not iterable"),
    OSError("no such device"),
    KeyError("Version"),
)


@pytest.mark.parametrize("method", ["missing", "version", "engine", "notes"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_of_one_is_its_own_finding(
    method: str, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(self: Backend, *given: object) -> None:
        raise fault

    broken = type("Broken", (HostBackend,), {"name": "broken", method: raises})
    monkeypatch.setattr(table, "BACKENDS", {"broken": broken, "host": HostBackend})
    monkeypatch.setattr(diagnosis, "BACKENDS", {"broken": broken, "host": HostBackend})
    found = diagnosis.examine()
    assert [finding.ready for finding in found.findings] == [False, True]
    assert found.findings[0].reason and found.findings[0].fix and found.ready == ("host",)
    assert "broken" in diagnosis_text(found)
    if method in ("missing", "version"):
        profile = profiles.PROFILES["quick"]
        kept = planning._names(None, replace(profile, backends=("broken", "host")))
        assert kept == ("host",)


def test_a_qemu_whose_library_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the loader says it, with exit status 127."""
    program = tmp_path / PROGRAMS[here()]
    program.write_text("#!/bin/sh\necho 'libfoo.so.1: cannot open shared object' >&2\nexit 127\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = QemuBackend().problem()
    assert found is not None and "libfoo" in found.reason and "127" in found.reason
    assert "doctor" not in found.fix


def test_without_a_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_usable() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none_usable)
    found = HostBackend().problem()
    assert found is not None and "TMPDIR" in found.fix


@pytest.mark.parametrize("fault", [LabError("damaged"), PermissionError("denied")])
def test_a_cache_that_cannot_be_read(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises() -> None:
        raise fault

    monkeypatch.setattr(image, "find", raises)
    monkeypatch.setattr(diagnosis, "BACKENDS", {"host": HostBackend})
    assert diagnosis.examine().image_digest is None


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_what_fails_at_the_last_moment_is_left_out_too(fault: Exception) -> None:
    """When nobody has named it: the plan goes on without."""

    class Unready(FakeBackend):
        def prepare(self, image: LabImage) -> None:
            raise fault

    chosen = {"a": FakeBackend("a", clock=FakeClock()), "b": Unready("b", clock=FakeClock())}
    left_out: dict[str, str] = {}
    assert list(session._prepared(chosen, NO_IMAGE, left_out, lenient=True)) == ["a"]
    assert left_out["b"]
    with pytest.raises(type(fault)):
        session._prepared(chosen, NO_IMAGE, {}, lenient=False)
    shorter = Benchmark().without(plan("a", "b", warmups={"b": 1}, instances={"a": 2}), left_out)
    assert shorter == plan("a", instances={"a": 2})


def test_backends_are_examined_side_by_side_and_what_may_boot_in_the_main_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a signal that ends the lab is raised, so that no machine outlives it."""
    threads: dict[str, threading.Thread] = {}
    examine = diagnosis._examine

    def noted(backend: Backend, built: LabImage | None) -> diagnosis.Finding:
        threads[backend.name] = threading.current_thread()
        return examine(backend, built)

    monkeypatch.setattr(diagnosis, "_examine", noted)
    findings = diagnosis.examine().findings
    assert [found.backend for found in findings] == list(BACKENDS)
    main = {name for name, thread in threads.items() if thread is threading.main_thread()}
    assert main == {"qemu", "qemu-resumed"}


def test_a_cache_that_may_not_be_entered_is_told_for_each_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    assert HostBackend().problem() is None
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # root may everything
    for kind in (HostBackend, QemuBackend):
        found = kind().problem()
        assert found is not None and str(tmp_path) in found.reason


@pytest.mark.parametrize("inside", [".", "labkit", "labkit/images"])
def test_a_cache_that_is_a_file_is_told(
    inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "file" / inside))
    found = HostBackend().problem()
    assert found is not None and str(tmp_path / "file") in found.reason


def test_a_cache_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "new" / "labkit"))
    assert HostBackend().problem() is None
    real = os.access
    monkeypatch.setattr(  # root may everything
        os, "access", lambda path, mode: mode & os.W_OK == 0 and real(path, mode)
    )
    assert HostBackend().problem() is not None
