"""The order in which a guest loads its network card's drivers, and what is left out of them."""

from __future__ import annotations

import struct

import pytest

from labkit.errors import ImageError
from labkit.image.modules import load_order, module_entries, needs, unsigned


def module(*depends: str) -> bytes:
    return b"\x7fELF code\0license=GPL\0depends=" + ",".join(depends).encode() + b"\0intree=Y\0"


MODULES = {
    "virtio": module("virtio_ring"),
    "virtio_ring": module(),
    "virtio_pci": module("virtio", "virtio-ring"),
    "virtio_net": module("virtio", "net_failover"),
    "net_failover": module("failover"),
    "failover": module(),
    "virtio_mem": module("virtio"),
}


def test_each_module_comes_after_those_that_it_needs_and_no_other_comes() -> None:
    order = load_order(MODULES)
    assert set(order) == MODULES.keys() - {"virtio_mem"}
    for place, name in enumerate(order):
        assert set(needs(MODULES[name])) <= set(order[:place])


def test_the_names_sort_as_they_are_loaded() -> None:
    files = {f"./lib/modules/6.1/kernel/{n.replace('_', '-')}.ko": m for n, m in MODULES.items()}
    entries = module_entries(files)
    paths = [entry.path for entry in entries]
    assert paths == sorted(paths)
    assert paths[0] == "lab/modules" and paths[1].startswith("lab/modules/00-")


def test_a_missing_module_is_told() -> None:
    with pytest.raises(ImageError, match="no module failover"):
        load_order({name: m for name, m in MODULES.items() if name != "failover"})


def test_a_signature_is_cut_off_and_nothing_else() -> None:
    plain = module("virtio")
    tail = struct.pack(">5B3xI", 0, 4, 2, 3, 5, 40) + b"~Module signature appended~\n"
    assert unsigned(plain + b"x" * (3 + 5 + 40) + tail) == plain
    assert unsigned(plain) == plain
