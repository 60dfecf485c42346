"""The lab image as a bootable ISO: isolinux starts the same kernel with the same initramfs.

The kernel lies there unpacked where that is wanted and possible (labkit.image.unpacked says why).

Formats: ISO 9660 (ECMA-119) with an El Torito boot record; isolinux.cfg as in the SYSLINUX wiki,
"Config". All files lie in the root folder, one of the places where isolinux looks.
"""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from labkit.image.inputs import BootLoader
from labkit.image.rootfs import EPOCH
from labkit.image.unpacked import unpacked

_SECTOR = 2048
_VOLUME_DESCRIPTOR = 16 * _SECTOR
_VOLUME_DATES = (813, 830, 847, 864)  # ECMA-119, 8.4.26 to 8.4.29
_ROOT_RECORD = 156  # 8.4.18


def write_iso(
    target: Path,
    *,
    kernel: Path,
    initramfs: Path,
    boot_loader: BootLoader,
    command_line: str,
    unpack: bool = True,
) -> None:
    """Writes the ISO; it boots at once, without a prompt. `unpack`: the kernel lies there so."""
    import pycdlib

    packed = kernel.read_bytes()
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, vol_ident="LABKIT", sys_ident="LINUX")
    try:
        for name, data in (
            ("ISOLINUX.BIN", boot_loader.isolinux),
            ("ISOLINUX.CFG", isolinux_cfg(command_line)),
            ("LDLINUX.C32", boot_loader.ldlinux),
            ("VMLINUZ.", (unpacked(packed) if unpack else None) or packed),
        ):
            iso.add_fp(io.BytesIO(data), len(data), f"/{name};1")
        iso.add_file(str(initramfs), "/INITRAMFS.;1")
        # 4 sectors of 512 bytes: isolinux loads the rest of itself, by the boot info table.
        iso.add_eltorito("/ISOLINUX.BIN;1", boot_load_size=4, boot_info_table=True)
        iso.write(str(target))
    finally:
        iso.close()
    with target.open("r+b") as file:
        fix_dates(file)


def isolinux_cfg(command_line: str) -> bytes:
    """The boot loader's configuration. Keys are not looked at: nothing can stop the start."""
    return (
        "DEFAULT lab\nPROMPT 0\nNOESCAPE 1\nLABEL lab\n"
        f"KERNEL /VMLINUZ\nINITRD /INITRAMFS\nAPPEND {command_line}\n"
    ).encode("ascii")


def fix_dates(file: BinaryIO) -> None:
    """Replaces the dates, which pycdlib takes from the clock and the time zone, by our own."""
    date = datetime.fromtimestamp(EPOCH, UTC)
    for offset in _VOLUME_DATES:
        _put(file, _VOLUME_DESCRIPTOR + offset, date.strftime("%Y%m%d%H%M%S00").encode() + b"\0")
    record_date = struct.pack("7B", date.year - 1900, *date.timetuple()[1:6], 0)
    root = _VOLUME_DESCRIPTOR + _ROOT_RECORD
    extent, _, size = struct.unpack("<I4sI", _get(file, root + 2, 12))
    _put(file, root + 18, record_date)
    position, end = extent * _SECTOR, extent * _SECTOR + size
    while position < end:  # the root folder's records: a length, and a date at offset 18 (9.1)
        length = _get(file, position, 1)[0]
        if length:
            _put(file, position + 18, record_date)
        position += length or _SECTOR - position % _SECTOR


def _get(file: BinaryIO, position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)


def _put(file: BinaryIO, position: int, data: bytes) -> None:
    file.seek(position)
    file.write(data)
