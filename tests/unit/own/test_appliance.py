"""Appliances (OVA) that are whole, and in each way not."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.backends.own import appliance
from labkit.backends.table import make_backend
from labkit.errors import BackendError
from tests.integration.own_disks import OVF, pack

DISKS = {"b.vmdk": b"KDMV first" * 100, "a.vmdk": b"KDMV second" * 100}
ENCRYPTED = OVF.replace(
    "<DiskSection>",
    '<x:EncryptedKey xmlns:x="http://www.w3.org/2001/04/xmlenc#"/><DiskSection>',
)


def reason(ova: Path) -> str:
    missing = make_backend(f"virtualbox:ova={ova}:ready=tcp:22").missing()
    assert missing is not None and missing.fix
    return missing.reason


def test_the_first_disk_is_the_descriptions_and_not_the_archives(tmp_path: Path) -> None:
    ova = pack(tmp_path / "x.ova", DISKS)
    found = appliance.read(ova)
    assert (found.disk, found.count) == ("b.vmdk", 2) and found.digest is not None
    assert appliance.unpack(ova, tmp_path / "disk").read_bytes() == DISKS["b.vmdk"]


def test_a_digest_that_differs_is_told(tmp_path: Path) -> None:
    ova = pack(tmp_path / "x.ova", DISKS)
    ova.write_bytes(ova.read_bytes().replace(b"first", b"1st  ", 1))
    with pytest.raises(BackendError, match="damaged") as caught:
        appliance.unpack(ova, tmp_path / "disk")
    assert "b.vmdk" in caught.value.details
    without = pack(tmp_path / "y.ova", DISKS, manifest=False)
    assert appliance.read(without).digest is None
    appliance.unpack(without, tmp_path / "disk")


@pytest.mark.parametrize("left", [700, 2000, 3500])
def test_a_torn_one_is_told_before_anything_is_begun(tmp_path: Path, left: int) -> None:
    ova = pack(tmp_path / "x.ova", DISKS, manifest=False)
    ova.write_bytes(ova.read_bytes()[:left])
    assert "is damaged" in reason(ova)


@pytest.mark.parametrize(
    ("ovf", "says"),
    [
        (OVF.replace("{files}", '<File ovf:id="f0" ovf:href="z.vmdk"/>'), "z.vmdk"),
        (OVF.replace("{disks}", ""), "no disk"),
        ("no description", "cannot be read"),
        (OVF.replace("{files}", '<File ovf:href="b.vmdk"/>'), "no disk"),
        (OVF.replace("{files}", '<File ovf:id="f0"/>'), "which is not in it"),
        (ENCRYPTED, "encrypted"),
        (
            OVF.replace("{files}", '<File ovf:id="f0" ovf:href="b.vmdk" ovf:compression="gzip"/>'),
            "packed",
        ),
    ],
)
def test_a_description_of_which_no_machine_can_be_made(tmp_path: Path, ovf: str, says: str) -> None:
    assert says in reason(pack(tmp_path / "x.ova", DISKS, ovf=ovf))


def test_one_without_a_description(tmp_path: Path) -> None:
    ova = pack(tmp_path / "x.ova", DISKS)
    ova.write_bytes(ova.read_bytes().replace(b"tiny.ovf", b"tiny.txt"))
    assert "is damaged" in reason(ova)


def test_what_is_no_appliance_is_no_ova(tmp_path: Path) -> None:
    raw = tmp_path / "x.raw"
    raw.write_bytes(bytes(510) + b"\x55\xaa")
    assert "no OVA" in reason(raw)
    both = make_backend(f"virtualbox:ova={raw}:disk={raw}:ready=tcp:22").missing()
    assert both is not None and "two are named" in both.reason


@pytest.mark.parametrize(
    "head", [b"LUKS\xba\xbe", b"QFI\xfb" + (3).to_bytes(4) + bytes(24) + (2).to_bytes(4)]
)
def test_an_encrypted_disk_is_told(tmp_path: Path, head: bytes) -> None:
    disk = tmp_path / "x.disk"
    disk.write_bytes(head.ljust(510, b"\0") + b"\x55\xaa")
    missing = make_backend(f"qemu:disk={disk}:ready=tcp:22").missing()
    assert missing is not None and "encrypted" in missing.reason
