"""The drivers of a virtual network card, out of the kernel's package.

Debian's kernel for virtual machines has them as modules, each of which names those that it needs
in its section .modinfo («depends=», modinfo(8)). A guest without depmod(8) loads them in order.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import PurePosixPath

from labkit.errors import ImageError
from labkit.image.rootfs import Entry, folder, program

WANTED = ("virtio_pci", "virtio_net")
# Where they and what they need lie in the package.
PATTERNS = (
    "*/kernel/drivers/virtio/*.ko",
    "*/kernel/drivers/net/*_net.ko",
    "*/kernel/drivers/net/net_failover.ko",
    "*/kernel/net/core/failover.ko",
)
_SIGNED = b"~Module signature appended~\n"
_SIGNATURE = struct.Struct(">5B3xI")  # struct module_signature, include/linux/module_signature.h


def module_entries(files: Mapping[str, bytes]) -> list[Entry]:
    """Path in the package → module; the folder lab/modules, whose names sort as they are loaded."""
    modules = {_name(path): content for path, content in files.items()}
    order = load_order(modules)
    entries = [folder("lab/modules")]
    for number, name in enumerate(order):
        entries.append(program(f"lab/modules/{number:02}-{name}.ko", unsigned(modules[name])))
    return entries


def load_order(modules: Mapping[str, bytes]) -> list[str]:
    """The wanted modules and all that they need, each after those that it needs."""
    order: list[str] = []
    for name in WANTED:
        _visit(name, modules, order)
    return order


def needs(module: bytes) -> list[str]:
    """The modules that this one names as needed."""
    depends = re.search(rb"\0depends=([^\0]*)\0", module)
    names = depends[1].decode("ascii", errors="replace").split(",") if depends else []
    return [name.replace("-", "_") for name in names if name]


def unsigned(module: bytes) -> bytes:
    """The module without its signature, whose check is a good part of loading it where each
    instruction is interpreted. The guests' kernel has no key to check it with anyway."""
    if not module.endswith(_SIGNED):
        return module
    end = len(module) - len(_SIGNED) - _SIGNATURE.size
    *_, signer, key, size = _SIGNATURE.unpack_from(module, end)
    return module[: end - signer - key - size]


def _visit(name: str, modules: Mapping[str, bytes], order: list[str]) -> None:
    if name in order:
        return
    if name not in modules:
        raise ImageError(
            f"the kernel's package has no module {name}",
            details=f"it has: {', '.join(sorted(modules))}",
            resolution="if your Debian is newer than the lab, look for a newer lab",
        )
    for needed in needs(modules[name]):
        _visit(needed, modules, order)
    order.append(name)


def _name(path: str) -> str:
    return PurePosixPath(path).stem.replace("-", "_")
