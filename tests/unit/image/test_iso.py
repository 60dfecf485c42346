from __future__ import annotations

import io
import struct
import time
from pathlib import Path

import pycdlib
import pytest

from labkit.image.cmdline import command_line
from labkit.image.inputs import BootLoader
from labkit.image.iso import isolinux_cfg, write_iso

KERNEL, INITRAMFS, ISOLINUX = b"kernel" * 1000, b"initramfs" * 1000, bytes(range(256)) * 16


@pytest.fixture
def make(tmp_path: Path):
    (tmp_path / "vmlinuz").write_bytes(KERNEL)
    (tmp_path / "initramfs.cpio").write_bytes(INITRAMFS)

    def write(name: str) -> Path:
        write_iso(
            tmp_path / name,
            kernel=tmp_path / "vmlinuz",
            initramfs=tmp_path / "initramfs.cpio",
            boot_loader=BootLoader(ISOLINUX, b"ldlinux"),
            command_line="quiet x=1",
        )
        return tmp_path / name

    return write


def read(iso: pycdlib.PyCdlib, path: str) -> bytes:
    buffer = io.BytesIO()
    iso.get_file_from_iso_fp(buffer, iso_path=path)
    return buffer.getvalue()


def test_files(make) -> None:
    iso = pycdlib.PyCdlib()
    iso.open(str(make("lab.iso")))
    try:
        assert read(iso, "/VMLINUZ.;1") == KERNEL
        assert read(iso, "/INITRAMFS.;1") == INITRAMFS
        assert read(iso, "/LDLINUX.C32;1") == b"ldlinux"
        assert read(iso, "/ISOLINUX.CFG;1") == isolinux_cfg("quiet x=1")
    finally:
        iso.close()


def test_boot_record(make) -> None:
    data = make("lab.iso").read_bytes()
    assert data[17 * 2048 + 7 :].startswith(b"EL TORITO SPECIFICATION")
    (catalog,) = struct.unpack_from("<I", data, 17 * 2048 + 0x47)
    bootable, _, _, _, _, sectors, start = struct.unpack_from("<BBHBBHI", data, catalog * 2048 + 32)
    assert (bootable, sectors) == (0x88, 4)
    loader = data[start * 2048 : start * 2048 + len(ISOLINUX)]
    # The boot info table: where the volume descriptor and the loader itself lie, and its length.
    assert struct.unpack_from("<III", loader, 8) == (16, start, len(ISOLINUX))
    assert loader[64:] == ISOLINUX[64:]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no time zones by environment there")
def test_the_same_at_any_time_in_any_time_zone(make, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make("1.iso").read_bytes()
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
        second = make("2.iso").read_bytes()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert first == second


def test_configuration_boots_at_once() -> None:
    lines = isolinux_cfg(command_line(1)).decode().splitlines()
    assert {"PROMPT 0", "KERNEL /VMLINUZ", "INITRD /INITRAMFS"} <= set(lines)
    assert not any(line.startswith("TIMEOUT") for line in lines)
    assert f"APPEND {command_line(1)}" in lines


def test_the_command_line_is_not_cut_off() -> None:
    # COMMAND_LINE_SIZE of x86; the boot loader adds BOOT_IMAGE= and initrd=.
    assert len(command_line(1)) < 2048 - 100
