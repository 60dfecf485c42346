"""The initramfs with more in it."""

from __future__ import annotations

from pathlib import Path

from labkit.image.cmdline import command_line
from labkit.image.initramfs import write_cpio
from labkit.image.networked import append_entries
from labkit.image.rootfs import program


def test_what_is_appended_begins_on_a_boundary_behind_the_first_archive(tmp_path: Path) -> None:
    first, both = tmp_path / "first", tmp_path / "both"
    with first.open("wb") as file:
        write_cpio([program("a", b"one")], file)
    append_entries(first, [program("b", b"two")], both)
    content = both.read_bytes()
    assert content.startswith(first.read_bytes())
    place = content.index(b"070701", first.stat().st_size)
    assert place % 4 == 0
    assert set(content[first.stat().st_size : place]) <= {0}


def test_only_the_first_program_differs_where_there_are_interrupt_controllers() -> None:
    plain, network = command_line(2), command_line(2, network=True)
    assert network == plain.replace("rdinit=/init", "rdinit=/lab/network")
    assert command_line(1, network=True).endswith("pci=nomsi")
    assert "nomsi" not in command_line(1)
    for card in (False, True):
        shared = command_line(1, network=card, shares=True)
        assert not {"noapic", "acpi=off", "pci=nomsi"} & set(shared.split())
