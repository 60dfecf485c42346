"""Disks that isolinux boots, as a user's own may be."""

from __future__ import annotations

import io
from pathlib import Path

import pycdlib

from labkit.image import debs
from labkit.image.architecture import AMD64
from labkit.image.inputs import read_boot_loader
from labkit.image.iso import isolinux_cfg
from labkit.system.paths import cache_dir


def bootable(target: Path, line: str, kernel: bytes, initramfs: bytes) -> None:
    """A raw disk with isolinux as its boot loader (isohybrid), which starts this kernel."""
    folder = cache_dir() / "debs"
    pins = debs.load_pins(folder / debs.pins_name(AMD64))
    assert pins is not None, "there is no lab image"
    loader = read_boot_loader(pins, folder, progress=False)
    assert loader is not None
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3)
    for name, data in (
        ("ISOLINUX.BIN", loader.isolinux),
        ("ISOLINUX.CFG", isolinux_cfg(line)),
        ("LDLINUX.C32", loader.ldlinux),
        ("VMLINUZ.", kernel),
        ("INITRAMFS.", initramfs),
    ):
        iso.add_fp(io.BytesIO(data), len(data), f"/{name};1")
    iso.add_eltorito("/ISOLINUX.BIN;1", boot_load_size=4, boot_info_table=True)
    iso.add_isohybrid()
    iso.write(str(target))
    iso.close()
