"""Where a file is expected lies a pipe that nobody writes to, or a device without an end: whoever
reads it must not wait. (A test that hangs is ended by its own limit of time.)"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.backends.docker import client, endpoint
from labkit.backends.own import seed
from labkit.backends.qemu import engines
from labkit.errors import ImageError, StoreError, UsageError
from labkit.guest.workload import read_workload
from labkit.image import in_use
from labkit.image.architecture import AMD64
from labkit.image.kernel import read_kernel
from labkit.measure import last_selftest
from labkit.recordings.listing import listed
from labkit.system import host, owned_files, plain_files
from labkit.system.plain_files import NoPlainFile
from tests.unit.recordings.written import load, records, written

pytestmark = pytest.mark.timeout(20)


@pytest.fixture(params=["pipe", "device"])
def odd(request: pytest.FixtureRequest) -> Callable[[Path], Path]:
    """Puts what is no file in the place of one."""

    def put(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path) if request.param == "pipe" else path.symlink_to("/dev/zero")
        return path

    return put


def test_only_a_regular_file_is_read(tmp_path: Path, odd: Callable[[Path], Path]) -> None:
    (tmp_path / "file").write_bytes(b"[1]\r\n")
    assert plain_files.read(tmp_path / "file") == b"[1]\r\n"
    assert plain_files.read_utf8(tmp_path / "file") == "[1]\n"
    assert plain_files.read_json(tmp_path / "file") == [1]
    for reads in (plain_files.read, plain_files.read_utf8, plain_files.read_json):
        with pytest.raises(NoPlainFile):
            reads(odd(tmp_path / "odd"))
        with pytest.raises(FileNotFoundError):
            reads(tmp_path / "nothing")
        with pytest.raises(IsADirectoryError):
            reads(tmp_path)


def test_json_without_an_end_of_brackets_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "deep").write_text("[" * 200_000)
    with pytest.raises(ValueError, match="nested"):
        plain_files.read_json(tmp_path / "deep")


@pytest.mark.parametrize("name", ["manifest.json", "samples.csv", "ending.json"])
def test_a_recording(tmp_path: Path, odd: Callable[[Path], Path], name: str) -> None:
    path = written(tmp_path, records(1))
    odd(path / name)
    with pytest.raises(StoreError) as caught:
        load(path)
    assert caught.value.brief and caught.value.details and caught.value.resolution
    assert [one.state for one in listed(path.parent)] == [
        "damaged" if name == "manifest.json" else "complete"
    ]


def test_the_configuration_of_docker(
    tmp_path: Path, odd: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    odd(tmp_path / "config.json")
    assert endpoint.current_context() == "default"
    found = client.missing()
    assert found is not None and str(tmp_path / "config.json") in found.reason


def test_what_is_kept_of_engines_and_selftests(
    tmp_path: Path, odd: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_STATE", str(tmp_path))
    odd(engines._file())
    assert engines._read() == {}
    odd(last_selftest.file())
    told: list[str] = []
    assert last_selftest.latest(host.inspect(), told.append) is None and told


def test_workloads_kernels_seeds_and_images(tmp_path: Path, odd: Callable[[Path], Path]) -> None:
    with pytest.raises(UsageError):
        read_workload(odd(tmp_path / "x.sh"))
    with pytest.raises(ImageError):
        read_kernel(odd(tmp_path / "kernel"), AMD64)
    assert seed.problem(str(odd(tmp_path / "seed.iso"))) is not None
    in_use.hold(odd(tmp_path / "image.json"))


def test_a_pipe_that_nobody_reads_is_not_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe"):
        owned_files.write_whole(tmp_path / "pipe", "text")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        owned_files.write_whole(tmp_path / "pipe", "text")
        assert os.read(reader, 10) == b"text"
    finally:
        os.close(reader)
