"""A real Kubernetes cluster of one node, for tests: etcd, containerd and Kubernetes' own programs.

All of it runs in a PID namespace and a mount namespace of its own, on loopback addresses: with the
first process of these namespaces everything in them ends, pods, mounts and networks too. What
would be written to /run, /var/lib and /var/log goes into the cluster's folder.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from labkit import image
from labkit.image.container import ImageLayer, write_archive
from labkit.image.rootfs import Entry
from labkit.system.clock import wait_until
from labkit.system.owner_marks import OWNER_VARIABLE
from tests.kubernetes.built import programs
from tests.kubernetes.settings import PAUSE, Cluster, commands, write_settings

START_TIMEOUT_S = 120.0
END_TIMEOUT_S = 20.0
GROUP = "kubernetes-of-tests-"
# What a sandbox runs: it waits until it is told to end. The image's start is the lab image's.
WAITS = b'trap "exit 0" TERM INT; while :; do sleep 3600 & wait; done\n'
# The first process: with it the namespaces end, and it ends with the tests, whose end of its input
# the kernel closes even after a SIGKILL. Children that nobody waits for are not kept.
HOLDER = """
for folder in run var/lib var/log; do
    mkdir -p "$1/$folder/upper" "$1/$folder/work" &&
    mount -t overlay overlay \
        -o "lowerdir=/$folder,upperdir=$1/$folder/upper,workdir=$1/$folder/work" "/$folder" || exit
done
trap "" CHLD
echo ready
exec cat
"""


@contextmanager
def running() -> Iterator[Cluster]:
    """The cluster, once its node is ready; nothing of it is left afterwards."""
    built = programs(build=True)
    with ExitStack() as stack:
        _sweep()
        folder = Path(tempfile.mkdtemp(prefix=f"kube-{os.getpid()}-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ports = dict(zip(("etcd", "peer", "api", "kubelet"), _free_ports(4), strict=True))
        group = f"{GROUP}{os.getpid()}"
        server = f"https://127.0.0.1:{ports['api']}"
        cluster = Cluster(folder, folder / "kubeconfig", folder / "cri.sock", group, server)
        write_settings(cluster, built)
        stack.callback(_remove_groups, group)
        for controller in _controllers():
            (controller / group).mkdir(exist_ok=True)
        start = partial(_start, stack.enter_context(_waited()), folder)
        inside = stack.enter_context(_namespaces(folder))
        start("containerd", [*inside, "containerd", "--config", f"{folder}/containerd.toml"])
        _await(cluster, cluster.socket.exists)
        _bring_pause(cluster)
        for name, words in commands(cluster, ports).items():
            start(name, [*inside, str(built / name), *words])
            if name == "kube-apiserver":  # the controller manager waits for ten seconds only
                _await(cluster, lambda: cluster.get("/api/v1/nodes") is not None)
        _await(cluster, lambda: _is_ready(cluster))
        yield cluster


def _await(cluster: Cluster, true: Callable[[], bool]) -> None:
    if not wait_until(true, timeout=START_TIMEOUT_S, interval=0.2):
        raise AssertionError(f"the cluster was not ready in time\n{cluster.said()}")


def _is_ready(cluster: Cluster) -> bool:
    """The node takes pods, and the account is there that each pod of a namespace has."""
    nodes = (cluster.get("/api/v1/nodes") or {}).get("items") or []
    said = [c for node in nodes for c in node["status"].get("conditions", ())]  # type: ignore[attr-defined]
    account = cluster.get("/api/v1/namespaces/default/serviceaccounts/default")
    return account is not None and {"Ready": "True"} in [{c["type"]: c["status"]} for c in said]


def _bring_pause(cluster: Cluster) -> None:
    busybox = (image.build(progress=False).rootfs / "bin/busybox").read_bytes()
    files = (
        Entry("bin", 0o040755, b""),
        Entry("bin/busybox", 0o100755, busybox),
        Entry("bin/sleep", 0o120777, b"busybox"),
        Entry("lab", 0o040755, b""),
        Entry("lab/agent", 0o100755, WAITS),
    )
    archive = cluster.folder / "pause.tar"
    write_archive([ImageLayer("pause", files)], {}, PAUSE, archive)
    ctr = ["ctr", "--address", str(cluster.socket), "--namespace", "k8s.io"]
    _run([*ctr, "images", "import", str(archive)])


@contextmanager
def _namespaces(folder: Path) -> Iterator[list[str]]:
    """The words that start a program in namespaces of their own, as long as this context lasts."""
    words = ["unshare", "--mount", "--propagation", "slave", "--pid", "--fork", "--kill-child"]
    holder = subprocess.Popen(
        [*words, "--mount-proc", "sh", "-c", HOLDER, "holder", str(folder / "over")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    )
    assert holder.stdin is not None and holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"ready\n"
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        [first] = children.read_text().split()
        yield ["nsenter", "--mount", "--pid", f"--target={first}"]
    finally:
        holder.kill()
        holder.wait(END_TIMEOUT_S)
        holder.stdin.close()
        holder.stdout.close()


@contextmanager
def _waited() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Children that end with the namespaces that they are in."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for process in started:
            process.wait(END_TIMEOUT_S)


def _start(
    started: list[subprocess.Popen[bytes]], folder: Path, name: str, words: Sequence[str]
) -> None:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    started.append(process)


def _environment() -> dict[str, str]:
    """Without the lab's mark: a cluster is no lab's, it is the computer's."""
    return {name: value for name, value in os.environ.items() if name != OWNER_VARIABLE}


def _run(words: Sequence[str]) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words[0]} failed:\n{done.stderr}"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _controllers() -> list[Path]:
    mount = Path("/sys/fs/cgroup")
    unified = (mount / "cgroup.controllers").exists()
    return [mount] if unified else [path for path in mount.iterdir() if path.is_dir()]


def _sweep() -> None:
    """What tests have left that were killed."""
    for folder in Path("/tmp").glob("kube-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            _remove_groups(f"{GROUP}{pid}")
            shutil.rmtree(folder, ignore_errors=True)


def _remove_groups(group: str) -> None:
    """The kernel lets go of a group only some moments after its last process."""
    for controller in _controllers():
        wait_until(lambda at=controller / group: _gone(at), timeout=END_TIMEOUT_S)  # type: ignore[misc]


def _gone(group: Path) -> bool:
    folders = [path for path in group.rglob("*") if path.is_dir()] if group.exists() else []
    for folder in [*reversed(folders), group]:
        with suppress(OSError):
            folder.rmdir()
    return not group.exists()
