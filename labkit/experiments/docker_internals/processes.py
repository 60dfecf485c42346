"""Who started whom, what each process holds in memory, and which Unix sockets join them.

Read from /proc (proc(5)), by psutil where that has it. /proc/net/unix tells at which file a socket
listens, and from which file's socket a connection was accepted (unix(7)). Which two ends make a
connection the kernel tells through sock_diag(7) alone: iproute2's ss(8) asks it, where that is
installed. Without it, the asking end stays empty.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from labkit.backends.instance import Instance, Meter
from labkit.experiments.docker_internals.records import Connection, ProcessRow, Survivor
from labkit.system.process import find_tool, run

LISTENS = 0x10000  # __SO_ACCEPTCON, include/linux/net.h: the socket accepts connections


def roles(instance: Instance, services: Iterable[Meter] = ()) -> dict[int, str]:
    """Process id → what it is, of an instance that is ready and of the services."""
    meters = [*instance.all_meters(), *services]
    return {pid: meter.name for meter in meters for pid in meter.pids}


def process_tree(
    known: Mapping[int, str], *, proc: Path = Path("/proc"), within: Iterable[int] = ()
) -> list[ProcessRow]:
    """A row a process, a parent before its children.

    `known`: process id → what it is to the reader ("the lab", "dockerd", …). The tree holds these
    processes, all their descendants (with the role of the nearest one above), and the processes
    `within`; what is above them is left out but for the parent's id. Memory that could not be
    read is empty. `listens` are the addresses of Unix sockets at which it waits for others.
    """
    processes = {pid: p for pid in known if (p := _process(pid)) is not None}
    for root in list(processes.values()):
        with suppress(psutil.Error):
            processes |= {child.pid: child for child in root.children(recursive=True)}
    processes |= {pid: p for pid in within if (p := _process(pid)) is not None}
    parents = {pid: _parent(process) for pid, process in processes.items()}
    sockets = _unix_sockets(proc)
    rows = []
    for pid, depth in _in_order(parents):
        facts = _facts(processes[pid], proc, sockets)
        if facts is not None:  # it ended meanwhile
            place = {"parent": parents[pid], "role": _role(pid, parents, known), "depth": depth}
            rows.append(ProcessRow.model_validate({**place, **facts}))
    return rows


def connections(tree: Sequence[ProcessRow], *, proc: Path = Path("/proc")) -> list[Connection]:
    """Those to processes of a tree, one row for each pair and address. `client` is empty where it
    is not in the tree or could not be read."""
    sockets, peers = _unix_sockets(proc), _peers()
    owners = {inode: row.pid for row in tree for inode in _socket_inodes(row.pid, proc)}
    counts: Counter[tuple[int | None, int, str]] = Counter()
    for inode, server in owners.items():
        address, listens = sockets.get(inode, ("", False))
        abandoned = peers.get(inode) == 0  # the asking end is closed
        if address and not listens and not abandoned:
            counts[owners.get(peers.get(inode, -1)), server, address] += 1
    rows = [
        Connection(client=client, server=server, address=address, connections=count)
        for (client, server, address), count in counts.items()
    ]
    return sorted(rows, key=lambda row: (row.server, row.address))


def survival(before: Sequence[ProcessRow], left: Collection[int]) -> list[Survivor]:
    """The tree `before`, each process with whether it is among those that are left."""
    return [Survivor(**dict(row), survives=row.pid in left) for row in before]


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


def _role(pid: int, parents: Mapping[int, int], known: Mapping[int, str]) -> str:
    while pid in parents and pid not in known:
        pid = parents[pid]
    return known.get(pid, "")


def _facts(
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
    sockets = {}
    for line in (proc / "net/unix").read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
        words = line.split(maxsplit=7)
        path = words[7] if len(words) == 8 else ""
        sockets[int(words[6])] = (path, bool(int(words[3], 16) & LISTENS))
    return sockets


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
