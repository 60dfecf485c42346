"""Who started whom, what each process holds in memory, and which Unix sockets join them.

Read from /proc (proc(5)), by psutil where that has it. /proc/net/unix tells at which file a socket
listens, and from which file's socket a connection was accepted (unix(7)). Which two ends make a
connection the kernel tells through sock_diag(7) alone: iproute2's ss(8) asks it, where that is
installed. Without it, the asking end stays empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pandas as pd
import psutil

from labkit.process import find_tool, run

COLUMNS = [
    "pid", "parent", "name", "role", "depth",
    "rss_bytes", "pss_bytes", "listens",
]  # fmt: skip
JOINTS = ["client", "server", "address", "connections"]
LISTENS = 0x10000  # __SO_ACCEPTCON, include/linux/net.h: the socket accepts connections


def process_tree(
    roles: dict[int, str], *, proc: Path = Path("/proc"), within: Iterable[int] = ()
) -> pd.DataFrame:
    """One row a process, a parent before its children: pid, parent, name, role, depth, rss_bytes,
    pss_bytes, listens.

    `roles`: process id → what it is to the reader ("the lab", "dockerd", …). The tree holds these
    processes, all their descendants (with the role of the nearest one above), and the processes
    `within`; what is above them is left out but for the parent's id. Memory that could not be
    read is empty. `listens` are the addresses of Unix sockets at which it waits for others.
    """
    processes = {pid: p for pid in roles if (p := _process(pid)) is not None}
    for root in list(processes.values()):
        with suppress(psutil.Error):
            processes |= {child.pid: child for child in root.children(recursive=True)}
    processes |= {pid: p for pid in within if (p := _process(pid)) is not None}
    parents = {pid: _parent(process) for pid, process in processes.items()}
    sockets = _unix_sockets(proc)
    rows = []
    for pid, depth in _in_order(parents):
        row = _row(processes[pid], proc, sockets)
        if row is not None:  # it ended meanwhile
            role = _role(pid, parents, roles)
            rows.append({"parent": parents[pid], "role": role, "depth": depth, **row})
    return pd.DataFrame(rows, columns=COLUMNS).astype({"rss_bytes": float, "pss_bytes": float})


def joints(tree: pd.DataFrame, *, proc: Path = Path("/proc")) -> pd.DataFrame:
    """Connections to processes of a tree, one row for each pair and address: client, server,
    address, connections. `client` is empty where it is not in the tree or could not be read."""
    sockets, peers = _unix_sockets(proc), _peers()
    owners = {inode: pid for pid in tree["pid"] for inode in _socket_inodes(pid, proc)}
    found: Counter[tuple[int | None, int, str]] = Counter()
    for inode, server in owners.items():
        address, listens = sockets.get(inode, ("", False))
        abandoned = peers.get(inode) == 0  # the asking end is closed
        if address and not listens and not abandoned:
            found[owners.get(peers.get(inode, -1)), server, address] += 1
    rows = [(*ends, count) for ends, count in found.items()]
    table = pd.DataFrame(rows, columns=JOINTS).astype({"client": "Int64"})
    return table.sort_values(["server", "address"], ignore_index=True)


def survival(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The tree `before` with a column `survives`: whether that process is in `after` too."""
    return before.assign(survives=before["pid"].isin(set(after["pid"])))


def _peers() -> dict[int, int]:
    """Inode of a connected Unix socket → inode of its other end; empty without ss."""
    if find_tool("ss") is None:
        return {}
    printed = run(["ss", "--unix", "--no-header"], check=False).stdout
    pairs = re.findall(r"\s(\d+)\s+\*\s+(\d+)\s*$", printed, re.MULTILINE)
    return {int(inode): int(peer) for inode, peer in pairs}


def _process(pid: int) -> psutil.Process | None:
    with suppress(psutil.Error):
        return psutil.Process(pid)
    return None


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0


def _in_order(parents: dict[int, int]) -> list[tuple[int, int]]:
    """(pid, depth) from the roots down, in the order of their ids."""
    order: list[tuple[int, int]] = []

    def visit(pid: int, depth: int) -> None:
        order.append((pid, depth))
        for child in sorted(child for child, parent in parents.items() if parent == pid):
            visit(child, depth + 1)

    for root in sorted(pid for pid, parent in parents.items() if parent not in parents):
        visit(root, 0)
    return order


def _role(pid: int, parents: dict[int, int], roles: dict[int, str]) -> str:
    while pid in parents and pid not in roles:
        pid = parents[pid]
    return roles.get(pid, "")


def _row(
    process: psutil.Process, proc: Path, sockets: dict[int, tuple[str, bool]]
) -> dict[str, object] | None:
    try:
        name, rss = process.name(), process.memory_info().rss
    except psutil.Error:
        return None
    pss = None
    with suppress(psutil.Error):
        pss = getattr(process.memory_full_info(), "pss", None)
    own = [sockets[inode] for inode in _socket_inodes(process.pid, proc) if inode in sockets]
    return {
        "pid": process.pid,
        "name": name,
        "rss_bytes": rss or None,  # one that only waits for its parent has none
        "pss_bytes": pss or None,
        "listens": tuple(sorted({path for path, listens in own if listens and path})),
    }


def _unix_sockets(proc: Path) -> dict[int, tuple[str, bool]]:
    """Inode → (address, whether it listens), from /proc/net/unix. An address that begins with @
    is abstract: no file."""
    found = {}
    for line in (proc / "net/unix").read_text().splitlines()[1:]:
        words = line.split(maxsplit=7)
        path = words[7] if len(words) == 8 else ""
        found[int(words[6])] = (path, bool(int(words[3], 16) & LISTENS))
    return found


def _socket_inodes(pid: int, proc: Path) -> set[int]:
    """The sockets that a process has open; none where we may not look."""
    inodes = set()
    with suppress(OSError):
        for entry in (proc / str(pid) / "fd").iterdir():
            with suppress(OSError):
                target = str(entry.readlink())
                if target.startswith("socket:["):
                    inodes.add(int(target[8:-1]))
    return inodes
