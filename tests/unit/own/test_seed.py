"""What a cloud image is given for its first boot."""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pycdlib
import pytest

from labkit.backends.own import disk, seed
from labkit.backends.own.disk import OwnDiskBackend
from labkit.backends.own.names import is_own, short
from labkit.backends.table import make_backend


def test_the_medium_is_what_nocloud_looks_for() -> None:
    iso = pycdlib.PyCdlib()
    iso.open_fp(io.BytesIO(seed.medium()))
    try:
        assert iso.pvd.volume_identifier.decode().rstrip() == "CIDATA"
        for way in ("rr_path", "joliet_path"):
            for name, text in seed.FILES.items():
                read = io.BytesIO()
                iso.get_file_from_iso_fp(read, **{way: f"/{name}"})
                assert read.getvalue().decode() == text
    finally:
        iso.close()
    assert seed.FILES["user-data"].startswith("#cloud-config\n")


@pytest.mark.parametrize(("bus", "says"), [("virtio", "if=virtio,readonly=on"), ("ide", "cdrom")])
def test_it_is_a_second_disk_that_is_only_read(bus: str, says: str, tmp_path: Path) -> None:
    name = f"qemu:disk=a,b.qcow2:seed=nocloud:bus={bus}:ready=tcp:22"
    backend = cast(OwnDiskBackend, make_backend(name))
    assert is_own(name) and short(name) == name.removesuffix(":ready=tcp:22")
    with ExitStack() as stack:
        option, drive = backend._seed(stack)
        file = Path(drive.partition("=")[2].partition(",")[0])
        assert option == "-drive" and says in drive and file.read_bytes() == backend._medium
    assert not file.exists()
    bare = cast(OwnDiskBackend, make_backend("qemu:disk=a.qcow2:ready=tcp:22"))
    assert bare._seed(stack) == []


def test_ones_own_may_lie_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert seed.problem("~/seed.iso") is not None
    (tmp_path / "seed.iso").write_bytes(b"mine")
    assert seed.problem("~/seed.iso") is None and seed.described("~/seed.iso")


def test_ones_own_is_taken_as_it_is_and_told_apart(tmp_path: Path) -> None:
    own, boot = tmp_path / "se,ed.iso", tmp_path / "disk.raw"
    own.write_bytes(b"mine")
    boot.write_bytes(b"\0" * 510 + b"\x55\xaa")
    backend = cast(OwnDiskBackend, make_backend(f"qemu:disk={boot}:seed={own}:ready=tcp:22"))
    with ExitStack() as stack:
        assert f"file={tmp_path}/se,,ed.iso,format=raw" in backend._seed(stack)[1]
    told = {seed.described(seed.NOCLOUD), backend.configuration()[seed.FACT]}
    own.write_bytes(b"another")
    assert len(told | {seed.described(str(own))}) == 3
    own.unlink()
    assert seed.problem(str(own)) is not None and seed.problem(seed.NOCLOUD) is None
    assert backend.missing() == seed.problem(str(own))


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("SeaBIOS (version 1.16.2)\nBooting from Hard Disk...\nLoading initial ramdisk ...", False),
        ("[    0.000000] Linux version 6.1.0", True),
        ("[    1.203] random: crng init done", True),
        ("[  OK  ] Reached target Basic System.", True),
        ("[FAILED] Failed to start a.service", True),
        ("Debian GNU/Linux 12 labkit ttyS0\n\nlabkit login: ", True),
    ],
)
def test_whether_a_kernel_was_heard(said: str, heard: bool) -> None:
    assert bool(disk.KERNEL.search(said)) is heard
