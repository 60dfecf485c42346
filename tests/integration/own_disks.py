"""Disks as a user has them that boot in a moment, in each format, and appliances with them."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import time
from pathlib import Path

from labkit import image
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.recordings.facts import Limits
from labkit.setup import apt
from labkit.system.clock import HostClock
from labkit.system.process import find_tool, run

SOURCE = Path(__file__).with_name("tiny_disk.S")
DISK_BYTES = 2 << 20
OVF = """<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"
  xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
  <References>{files}</References>
  <DiskSection><Info>Disks</Info>{disks}</DiskSection>
  <VirtualSystem ovf:id="tiny"><Info>A machine</Info></VirtualSystem>
</Envelope>
"""


def make_raw(target: Path) -> Path:
    """A disk with a boot sector, assembled now. LabError where there is no assembler."""
    if find_tool("as") is None:
        apt.install(["binutils"], lambda message: None)
    made = target.with_suffix(".o")
    run(["as", "--32", "-o", str(made), str(SOURCE)])
    run(
        [
            "ld",
            "-m",
            "elf_i386",
            "--oformat",
            "binary",
            "-Ttext=0x7C00",
            "-o",
            str(target),
            str(made),
        ]
    )
    made.unlink()
    sector = target.read_bytes()
    assert len(sector) == 512
    target.write_bytes(sector.ljust(DISK_BYTES, b"\0"))
    return target


def converted(raw: Path, kind: str, *options: str) -> Path:
    target = raw.with_suffix(f".{kind}")
    run(["qemu-img", "convert", "-f", "raw", "-O", kind, *options, str(raw), str(target)])
    return target


def make_ova(raw: Path, target: Path, *, count: int = 1, manifest: bool = True) -> Path:
    """An appliance as other tools make it; of several disks only the first one boots."""
    disk = converted(raw, "vmdk", "-o", "subformat=streamOptimized")
    contents = {f"tiny-disk{n}.vmdk": disk.read_bytes() for n in range(1, count + 1)}
    return pack(target, contents, manifest=manifest)


def pack(target: Path, disks: dict[str, bytes], *, manifest: bool = True, ovf: str = OVF) -> Path:
    files = "".join(f'<File ovf:id="f{n}" ovf:href="{name}"/>' for n, name in enumerate(disks))
    named = "".join(
        f'<Disk ovf:diskId="d{n}" ovf:fileRef="f{n}" ovf:capacity="{DISK_BYTES}"/>'
        for n in range(len(disks))
    )
    members = {"tiny.ovf": ovf.format(files=files, disks=named).encode(), **disks}
    if manifest:
        lines = [f"SHA256({n})= {hashlib.sha256(d).hexdigest()}\n" for n, d in members.items()]
        members["tiny.mf"] = "".join(lines).encode()
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return target


def main(name: str) -> None:
    """A lab that stands still once its machine is ready: to be killed."""
    built, backend = image.build(progress=False), make_backend(name)
    with (
        backend.saved_state(built, Limits()),
        backend.launch(built, Limits(), Timeline(HostClock())) as instance,
    ):
        instance.wait_ready()
        print("ready", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1])
