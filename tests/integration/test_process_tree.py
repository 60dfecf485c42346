"""The tree of processes while a container runs, on the real daemon; and what outlives one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from labkit.backends.base import Backend
from labkit.backends.docker.client import connected
from labkit.backends.docker.own_daemon import SYSTEMS, UNSHARED
from labkit.backends.instance import Instance
from labkit.backends.timeline import Timeline
from labkit.experiments.docker_internals import charts, processes
from labkit.experiments.docker_internals.experiment import EXPERIMENT, run
from labkit.experiments.docker_internals.killed_daemon import killed
from labkit.experiments.docker_internals.records import Connection, ProcessRow, Survivor
from labkit.image import LabImage
from labkit.recordings import tables
from labkit.recordings.facts import Limits
from labkit.system.clock import HostClock
from labkit.system.process import find_tool
from tests.conftest import ready_backend
from tests.integration.daemon import own_daemon, require_root

pytestmark = pytest.mark.docker
# A view in which systemd's service containerd has its socket where dockerd looks for one.
BESIDE_ANOTHER = f"""
mkdir -p {SYSTEMS} && mount -t tmpfs none {SYSTEMS} && touch {SYSTEMS}/containerd.sock && exec "$@"
"""


@contextmanager
def running(backend: Backend, image: LabImage) -> Iterator[Instance]:
    with backend.launch(image, Limits(), Timeline(HostClock())) as instance:
        instance.wait_ready()
        yield instance


def as_the_system_says(pids: list[int]) -> dict[int, tuple[int, str]]:
    """pid → (parent, name of at most 15 characters), by ps(1), else from /proc/PID/stat."""
    if find_tool("ps"):
        argv = ["ps", "-o", "pid=,ppid=,comm=", "-p", ",".join(map(str, pids))]
        lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
        words = [line.split(maxsplit=2) for line in lines]
        return {int(pid): (int(parent), name.strip()) for pid, parent, name in words}
    found = {}
    for pid in pids:
        text = Path(f"/proc/{pid}/stat").read_text()
        before, _, after = text.rpartition(")")
        found[pid] = (int(after.split()[1]), before.partition("(")[2])
    return found


def test_the_tree_is_that_of_the_system(docker_backend: Backend, lab_image: LabImage) -> None:
    backend = ready_backend("docker-cli")
    with running(backend, lab_image) as instance:
        known = processes.roles(instance, backend.services())
        tree = processes.process_tree({os.getpid(): "the lab", **known})
        said = as_the_system_says([row.pid for row in tree])
        connections = processes.connections(tree)
    assert {row.role for row in tree} >= {"the lab", "docker", "dockerd", "containerd", "container"}
    for row in tree:
        parent, name = said[row.pid]
        assert row.parent == parent, row
        assert row.name[:15] == name[:15] or "defunct" in name, row
    by_role = {row.role: row for row in reversed(tree)}
    check_places(tree, by_role)
    check_connections(connections, {role: row.pid for role, row in by_role.items()})
    frames = tables.frame(tree, ProcessRow), tables.frame(connections, Connection)
    chart = charts.process_tree(*frames, badge="live")
    assert "containerd-shim" in chart.alt and "docker.sock" in by_role["dockerd"].listens[0]


def check_places(tree: Sequence[ProcessRow], by_role: dict[str, ProcessRow]) -> None:
    pids = [row.pid for row in tree]
    assert by_role["docker"].parent == os.getpid()
    assert by_role["container"].parent == by_role["containerd-shim"].pid
    assert by_role["containerd-shim"].parent not in pids, "nobody's child here"
    assert all((row.rss_bytes or 0) >= (row.pss_bytes or 0) > 0 for row in by_role.values())
    for row in tree:
        assert row.parent not in pids or pids.index(row.parent) < pids.index(row.pid)


def check_connections(connections: Sequence[Connection], pids: dict[str, int]) -> None:
    """docker → dockerd → containerd → containerd-shim, where ss tells the asking ends."""
    assert {pids["dockerd"], pids["containerd"]} <= {row.server for row in connections}
    if find_tool("ss") is None:
        assert not any(row.client for row in connections)
        return
    pairs = {(row.client, row.server) for row in connections}
    chain = ("docker", "dockerd", "containerd", "containerd-shim")
    for client, server in pairwise(chain):
        assert (pids[client], pids[server]) in pairs, client


def test_a_container_lives_on_under_its_shim(docker_backend: Backend, lab_image: LabImage) -> None:
    """dockerd is killed, and its containerd with it (it asked the kernel for that: prctl(2),
    PR_SET_PDEATHSIG). Started again with live-restore, it finds the container as it was."""
    require_root()
    with killed(lab_image, mark="") as aftermath:
        pids = {row.role: row.pid for row in aftermath.survivors}
        assert fates(aftermath.survivors) == FATES
        with connected() as client:
            (container,) = client.containers.list()
            assert container.attrs["State"]["Pid"] == pids["container"]
    assert not psutil.pid_exists(pids["container"])


FATES = {"dockerd": False, "containerd": False, "containerd-shim": True, "container": True}


def fates(survivors: Sequence[Survivor]) -> dict[str, bool]:
    return {row.role: row.survives for row in survivors}


def test_a_killed_daemon_is_recorded(docker_backend: Backend, tmp_path: Path) -> None:
    require_root()
    found = run(killed_daemon=True, out=tmp_path / "killed", progress=False)
    assert found.ending is not None and found.ending.reason == "plan"
    assert found.survivors.set_index("role")["survives"].to_dict() == FATES
    assert set(found.manifest.versions) >= {"dockerd"}
    addresses = [*found.connections["address"], *found.survivors["listens"].explode().dropna()]
    assert "/docker.sock" in addresses, "without the daemon's folder"
    (chart,) = EXPERIMENT.charts(found, "live").values()
    assert "lives on" in chart.alt and "ends" in chart.alt


def test_a_look_is_recorded(docker_backend: Backend, tmp_path: Path) -> None:
    ready_backend("docker-cli")
    found = run(trials=2, out=tmp_path / "look", progress=False)
    assert found.ending is not None and found.ending.batches == 2
    assert set(found.events["trial"]) == {1, 2} and len(found.connections) > 0
    assert set(found.manifest.backends) == {"docker-cli"}


def test_a_daemon_of_the_labs_own_has_its_own_containerd() -> None:
    with own_daemon(enter=(*UNSHARED, "sh", "-c", BESIDE_ANOTHER, "sh")) as daemon:
        names = {child.name() for child in daemon.process.children()}
    assert names == {"containerd"}
