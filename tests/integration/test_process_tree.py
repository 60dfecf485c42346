"""The tree of processes while a container runs, on the real daemon; and what outlives one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pandas as pd
import psutil
import pytest

from labkit import charts, inside, kept, paths, proctree
from labkit.backends import Backend, make_backend
from labkit.backends.base import Meter
from labkit.backends.docker import DockerBackend, connected
from labkit.image import LabImage
from labkit.notebook.magic import RECORD
from labkit.process import HostClock, find_tool, wait_until
from labkit.records import Joint, Limits, Record, Survivor
from labkit.timeline import Timeline
from tests.conftest import ready_backend
from tests.integration.daemon import own_daemon

pytestmark = pytest.mark.docker


@contextmanager
def running(backend: Backend, image: LabImage) -> Iterator[list[Meter]]:
    with backend.launch(image, Limits(), Timeline(HostClock())) as instance:
        instance.wait_ready()
        yield [*instance.meters(), *instance.late_meters()]


def roles(meters: list[Meter]) -> dict[int, str]:
    return {pid: meter.name for meter in meters for pid in meter.pids}


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
    with running(backend, lab_image) as meters:
        meters += backend.services()
        tree = proctree.process_tree({os.getpid(): "the lab", **roles(meters)})
        said = as_the_system_says([int(pid) for pid in tree["pid"]])
        joints = proctree.joints(tree)
    assert set(tree["role"]) >= {"the lab", "docker", "dockerd", "containerd", "container"}
    for row in tree.to_dict("records"):
        parent, name = said[row["pid"]]
        assert row["parent"] == parent, row
        assert row["name"][:15] == name[:15] or "defunct" in name, row
    by_role = {row["role"]: row for row in reversed(tree.to_dict("records"))}
    assert by_role["docker"]["parent"] == os.getpid()
    assert by_role["container"]["parent"] == by_role["containerd-shim"]["pid"]
    assert by_role["containerd-shim"]["parent"] not in set(tree["pid"]), "nobody's child here"
    assert all(row["rss_bytes"] >= row["pss_bytes"] > 0 for row in by_role.values())
    order = {pid: place for place, pid in enumerate(tree["pid"])}
    below = tree[tree["parent"].isin(tree["pid"])]
    for parent, pid in zip(below["parent"], below["pid"], strict=True):
        assert order[parent] < order[pid]
    check_joints(joints, {role: int(row["pid"]) for role, row in by_role.items()})
    chart = charts.process_tree(tree, joints, badge="live")
    assert "containerd-shim" in chart.alt and "docker.sock" in by_role["dockerd"]["listens"][0]


def check_joints(joints: pd.DataFrame, pids: dict[str, int]) -> None:
    """docker → dockerd → containerd → containerd-shim, where ss tells the asking ends."""
    assert {pids["dockerd"], pids["containerd"]} <= set(joints["server"])
    if find_tool("ss") is None:
        assert joints["client"].isna().all()
        return
    pairs = set(zip(joints["client"], joints["server"], strict=True))
    chain = ("docker", "dockerd", "containerd", "containerd-shim")
    for client, server in pairwise(chain):
        assert (pids[client], pids[server]) in pairs, client


def test_a_container_lives_on_under_its_shim(docker_backend: Backend, lab_image: LabImage) -> None:
    """dockerd is killed, and its containerd with it (it asked the kernel for that: prctl(2),
    PR_SET_PDEATHSIG). Started again with live-restore, it finds the container as it was."""
    with own_daemon("--live-restore") as own:
        backend = make_backend("docker")
        assert isinstance(backend, DockerBackend)
        backend.prepare(lab_image)
        versions = {"docker": backend.version()}
        with running(backend, lab_image) as meters:
            names = roles(meters) | {own.process.pid: "dockerd"}
            containerd = next(p for p in own.process.children() if p.name() == "containerd")
            names[containerd.pid] = "containerd"
            before = proctree.process_tree(names)
            joined = proctree.joints(before)
            own.kill([own.process])
            assert wait_until(lambda: not containerd.is_running(), timeout=10)
            tree = proctree.survival(before, proctree.process_tree(names))
            fate = tree.set_index("role")["survives"].to_dict()
            assert fate == {
                "dockerd": False,
                "containerd": False,
                "containerd-shim": True,
                "container": True,
            }
            pid = next(m.pids[0] for m in meters if m.name == "container")
            # Into the mount namespace that the shim has kept: the container's mounts are there.
            shim = psutil.Process(pid).ppid()
            own.start(("nsenter", f"--mount=/proc/{shim}/ns/mnt", f"--net=/proc/{shim}/ns/net"))
            with connected() as client:
                (container,) = client.containers.list()
                assert container.attrs["State"]["Pid"] == pid
        assert not psutil.pid_exists(pid)
    chart = charts.process_tree(tree, joined)
    assert "lives on" in chart.alt and "ends" in chart.alt
    if os.environ.get(RECORD):  # as for the answers of %%everywhere
        keep(tree, joined, own.folder, versions)


def keep(tree: pd.DataFrame, joined: pd.DataFrame, folder: Path, versions: dict[str, str]) -> None:
    """For the notebooks. The daemon's folder has a name that says nothing."""
    short = str(folder)
    names = tree["listens"].map(lambda each: tuple(a.replace(short, "") for a in each))
    tree = tree.assign(listens=names)
    joined = joined.assign(address=joined["address"].str.replace(short, "", regex=False))
    tables: dict[str, Sequence[Record]] = {
        "tree": inside.rows(tree, Survivor),
        "joints": inside.rows(joined, Joint),
    }
    kept.save(paths.reference_dir() / "killed-daemon", tables, kept.describe(versions))
