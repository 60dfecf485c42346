"""The process tree: of this very process and its children, and its chart on invented rows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from labkit import charts, proctree
from labkit.charts.process_tree import drawable
from labkit.errors import UsageError
from tests.unit.charts.test_charts import words

SLEEPER = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
ADDRESS = "/run/docker.sock"


def made_up() -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = [
        (10, 1, "dockerd", "dockerd", 0, 9e7, 8e7, (ADDRESS,)),
        (11, 10, "containerd", "containerd", 1, 4e7, 3e7, ("/run/containerd.sock",)),
        (20, 1, "containerd-shim-runc-v2", "containerd-shim", 0, 1e7, 9e6, ()),
        (21, 20, "busybox", "container", 1, 2e6, float("nan"), ()),
    ]
    columns = list(proctree.COLUMNS)
    joints = [(10, 11, "/run/containerd.sock", 3), (20, 99, "/run/x", 1), (None, 10, ADDRESS, 2)]
    return (
        pd.DataFrame(rows, columns=columns),
        pd.DataFrame(joints, columns=proctree.JOINTS).astype({"client": "Int64"}),
    )


def test_children_stand_below_their_parents_and_have_their_role() -> None:
    child = subprocess.Popen([sys.executable, "-c", SLEEPER], stdin=subprocess.PIPE)
    assert child.stdin is not None
    try:
        tree = proctree.process_tree({os.getpid(): "the test", child.pid: "the child"})
        while len(tree[tree["role"] == "the child"]) < 2:  # its own child takes a moment
            tree = proctree.process_tree({os.getpid(): "the test", child.pid: "the child"})
    finally:
        child.stdin.close()
        child.wait()
    mine = tree[tree["pid"].isin([os.getpid(), child.pid])]
    assert mine["depth"].tolist() == [0, 1] and mine["parent"].tolist()[1] == os.getpid()
    assert (tree["rss_bytes"].dropna() > 0).all()
    assert len(tree[tree["parent"] == child.pid]) == 1


def test_a_socket_is_found_with_its_listener(tmp_path: Path) -> None:
    address = str(tmp_path / "socket")
    with (
        socket.socket(socket.AF_UNIX) as server,
        socket.socket(socket.AF_UNIX) as client,
    ):
        server.bind(address)
        server.listen()
        client.connect(address)
        accepted, _ = server.accept()
        with accepted:
            tree = proctree.process_tree({os.getpid(): "the test"})
            joints = proctree.joints(tree)
    assert address in tree["listens"].iloc[0]
    found = joints[joints["address"] == address]
    assert found["server"].tolist() == [os.getpid()] and found["connections"].tolist() == [1]
    if proctree._peers():
        assert found["client"].tolist() == [os.getpid()]


def test_without_ss_the_asking_end_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proctree, "find_tool", lambda name: None)
    assert proctree._peers() == {}


def test_a_process_that_is_gone_is_left_out() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert proctree.process_tree({child.pid: "gone"}).empty


def test_what_survives() -> None:
    tree, _ = made_up()
    after = tree[tree["role"].isin(["containerd-shim", "container"])]
    assert proctree.survival(tree, after)["survives"].tolist() == [False, False, True, True]


def test_only_what_joins_two_processes_of_the_tree_is_an_arrow() -> None:
    lines = drawable(*made_up())
    assert lines[["start", "end"]].to_numpy().tolist() == [[0, 1]]


def test_the_chart_shows_tree_memory_and_sockets() -> None:
    tree, joints = made_up()
    chart = charts.process_tree(tree, joints, badge="made up")
    shown = words(chart)
    assert "└ containerd 11" in shown and "└ busybox (container) 21" in shown
    assert "containerd .sock" in shown and "made up" in shown
    assert "dockerd asks containerd" in chart.alt and "nan" not in chart.alt.lower()
    memory = chart.figure.axes[0]
    assert len(memory.patches) == 3, "what was not read is not drawn"
    assert {"listens", "asks", "pss_bytes"} <= set(chart.table)


def test_an_empty_tree_has_nothing_to_draw() -> None:
    tree, joints = made_up()
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.process_tree(tree.head(0), joints)
