"""The cluster's nodes, and which of their programs are proven to run on this very kernel."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from labkit.backends.containers import container_meters
from labkit.backends.instance import Meter
from labkit.system.ports import listener
from labkit.system.process_ids import belongs

LISTED = 50
BOOT = Path("/proc/sys/kernel/random/boot_id")
# k3s is all of them in one process, and names itself so.
KUBELETS = ("kubelet", "k3s-server")
CONTROL = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")
PAUSE = "pause"
ELSEWHERE = "no node of the cluster runs on this computer's kernel, so nothing of it can be read"
ENDPOINT = re.compile(r"--container-runtime-endpoint[= ](?:unix://)?(/\S+)")


def nodes(api: Any) -> list[Any]:
    return list(api.list_node().items)


def are_here(found: list[Any]) -> list[Any]:
    """The nodes that run on this computer's kernel: random(4), boot_id."""
    with suppress(OSError):
        boot = BOOT.read_text(encoding="utf-8").strip()
        return [node for node in found if node.status.node_info.boot_id == boot]
    return []


def has_image(found: list[Any], tag: str) -> bool:
    """Whether each node says that it has the image. One that does not may have it, where
    it has many: it names no more than LISTED of them, the largest (nodeStatusMaxImages)."""
    names = [{n for i in node.status.images or () for n in i.names or ()} for node in found]
    return bool(names) and all(any(n.endswith(tag) for n in of_node) for of_node in names)


def name_all_images(found: list[Any]) -> bool:
    return all(len(node.status.images or ()) < LISTED for node in found)


def services(found: list[Any]) -> tuple[Meter, ...]:
    """The programs of the cluster. As many kubelets here as it has nodes here: then none of them is
    another cluster's. Of each other program there must be one only."""
    here = are_here(found)
    if not here:
        return (Meter("kubelet", "services", why=ELSEWHERE),)
    running = _by_name()
    kubelets = [process for name in KUBELETS for process in running.get(name, ())]
    if len(kubelets) != len(here):
        why = f"{len(kubelets)} kubelets run here, and {len(here)} nodes of the cluster"
        return (Meter("kubelet", "services", why=why),)
    meters = [_meter(kubelets[0].name(), [process.pid for process in kubelets])]
    for name in CONTROL:
        if pids := [process.pid for process in running.get(name, ())]:
            meters.append(_meter(name, pids, several=len(pids) > 1))
    return (*meters, *_runtime(kubelets))


def _meter(name: str, pids: list[int], *, several: bool = False) -> Meter:
    if several:
        why = f"{len(pids)} programs named {name} run here: which is the cluster's is not known"
        return Meter(name, "services", why=why)
    return Meter(name, "services", tuple(pids), tree=False)


def _runtime(kubelets: list[psutil.Process]) -> tuple[Meter, ...]:
    """What listens at the socket that the kubelet was told to ask; nothing where it is a part of
    the kubelet's own program."""
    pids = set()
    for process in kubelets:
        with suppress(psutil.Error):
            if path := endpoint(process):
                pids.add(listener(path) or 0)
    found_all = bool(pids) and 0 not in pids
    return (_meter("containerd", sorted(pids)),) if found_all else ()


def endpoint(kubelet: psutil.Process) -> Path | None:
    """The socket that a kubelet was told to ask, among the files that the kubelet itself sees: a
    node may be a container (kind), and the same path leads to another containerd here."""
    match = ENDPOINT.search(" ".join(kubelet.cmdline()))
    # /var/run is a link to /run, and an absolute one would lead back to this computer's own.
    path = re.sub("^/var/run/", "/run/", match[1]) if match else ""
    return Path(f"/proc/{kubelet.pid}/root{path}") if path else None


def _by_name() -> dict[str, list[psutil.Process]]:
    names: dict[str, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            names.setdefault(process.name(), []).append(process)
            # The kernel keeps 15 characters of a name; psutil completes it from the command.
    return names


def pod_meters(uid: str) -> tuple[Meter, ...]:
    """The pod's container, which is known by the pod's unique id: the kubelet mounts its /etc/hosts
    from a folder of that name. With it the shim, and what else runs in the pod: the process that
    holds its namespaces."""
    pids = {pid for pid in psutil.pids() if belongs(pid, uid)}
    for pid in sorted(pids):
        with suppress(psutil.Error):
            parent = psutil.Process(pid).parent()
            if parent is None or parent.pid in pids:
                continue
            return (*container_meters(pid, uid, group=_group(pid, uid)), *_beside(parent, pid))
    return (Meter("container", "instance", why=ELSEWHERE),)


def _group(pid: int, uid: str) -> str:
    """How the pod's control group is called: systemd's have no hyphens."""
    for name in (uid, uid.replace("-", "_")):
        with suppress(OSError):
            if name in Path(f"/proc/{pid}/cgroup").read_text(encoding="utf-8", errors="replace"):
                return name
    return uid


def _beside(shim: psutil.Process, pid: int) -> tuple[Meter, ...]:
    if not shim.name().startswith("containerd-shim"):
        return ()
    others = [child.pid for child in shim.children() if child.pid != pid]
    return (Meter(PAUSE, "helper", tuple(others), tree=False),) if others else ()
