"""A lab image with Debian's programs: the same versions behind every boundary, and nothing writes
into it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import image
from labkit.backends.timeline import Timeline
from labkit.guest.protocol import Outcome, Request, Script
from labkit.guest.workload import all_workloads
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from tests.conftest import ready_backend

LABKIT = str(Path(sys.executable).with_name("labkit"))
PACKAGES = ("fio", "python3")
# More than the usual memory: fio reserves much of it, which counts as used for a bare process.
LIMITS = Limits(memory_mib=512)
PYTHON = """. "$LAB/program"
run_program python3 --version
"""
ALL = f"libraries=ceph\n{PYTHON}run_program fio --version\n"
BACKENDS = [
    pytest.param("host"),
    pytest.param("docker", marks=pytest.mark.docker),
    pytest.param("qemu", marks=pytest.mark.qemu),
    pytest.param("unshare", marks=pytest.mark.namespaces),
    pytest.param("nspawn", marks=pytest.mark.nspawn),
    pytest.param("uml", marks=pytest.mark.uml),
    pytest.param("virtualbox", marks=[pytest.mark.virtualbox, pytest.mark.slow]),
]


@pytest.fixture(scope="module")
def with_programs() -> LabImage:
    return image.build(packages=PACKAGES, progress=False)


@pytest.fixture(scope="module")
def with_compiler() -> LabImage:
    return image.build(packages=all_workloads()["compile"].packages, progress=False)


def asked(name: str, built: LabImage) -> Outcome:
    """What the programs say of themselves behind this boundary."""
    backend = ready_backend(name)
    backend.prepare(built)
    with backend.launch(built, LIMITS, Timeline(backend.clock)) as instance:
        instance.wait_ready(600)
        answer = instance.shell(Script(PYTHON if name == "virtualbox" else ALL, seconds=300))
        instance.stop()
    return answer


@pytest.mark.parametrize("name", BACKENDS)
def test_a_source_is_compiled_again_and_again(name: str, with_compiler: LabImage) -> None:
    backend = ready_backend(name)
    backend.prepare(with_compiler)
    with backend.launch(with_compiler, Limits(), Timeline(backend.clock)) as instance:
        instance.wait_ready(600)
        answer = instance.run(Request("compile", 0.5))
        instance.stop()
    assert answer.operations


def state(built: LabImage) -> dict[str, str]:
    """The files of an image, as they are now."""
    return {
        path.relative_to(built.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in built.folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@pytest.mark.parametrize("name", BACKENDS)
def test_the_same_versions_and_the_image_stays_as_it_is(name: str, with_programs: LabImage) -> None:
    before = state(with_programs)
    answer = asked(name, with_programs)
    said = answer.out.decode().split()
    # fio comes with sixty libraries, which an interpreter takes minutes to bind.
    assert said[2:] == ([] if name == "virtualbox" else ["fio-3.33"]) and answer.err == b""
    assert with_programs.versions["python3.11"].startswith(said[1])
    assert state(with_programs) == before


@pytest.mark.parametrize(
    "alone", [(), pytest.param(("unshare", "--net"), marks=pytest.mark.namespaces)]
)
def test_a_second_build_does_nothing_without_a_network(
    alone: tuple[str, ...], with_programs: LabImage
) -> None:
    """As a process of its own, whose proxy leads nowhere; in a namespace without any network."""
    if alone:
        ready_backend("unshare")
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    before = state(with_programs)
    done = subprocess.run(
        [*alone, LABKIT, "image", "build", "--packages", "python3,fio", "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **nowhere, "NO_PROXY": "", "no_proxy": ""},
    )
    assert json.loads(done.stdout)["digest"] == with_programs.digest
    assert state(with_programs) == before


def test_a_run_notes_the_versions(with_programs: LabImage, tmp_path: Path) -> None:
    words = ["--backends", "host", "--workloads", "idle", "--repeats", "1", "--warmups", "0"]
    subprocess.run(
        [LABKIT, "run", "--out", str(tmp_path / "run"), *words, "--packages", "fio,python3"],
        capture_output=True,
        check=True,
    )
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert manifest["packages"] == with_programs.versions
    assert manifest["plan"]["packages"] == list(PACKAGES)
