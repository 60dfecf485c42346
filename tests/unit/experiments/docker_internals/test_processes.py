"""The process tree: of this very process and its children, and its chart on invented rows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from labkit.errors import UsageError
from labkit.experiments.docker_internals import charts, processes
from labkit.experiments.docker_internals.charts.process_tree import drawable
from labkit.experiments.docker_internals.records import Connection, ProcessRow
from labkit.recordings import tables
from tests.unit.charts.legible import words

SLEEPER = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
ADDRESS = "/run/docker.sock"


def rows() -> list[ProcessRow]:
    made_up = [
        (10, 1, "dockerd", "dockerd", 0, 90_000_000, 80_000_000, (ADDRESS,)),
        (11, 10, "containerd", "containerd", 1, 40_000_000, 30_000_000, ("/run/containerd.sock",)),
        (20, 1, "containerd-shim-runc-v2", "containerd-shim", 0, 10_000_000, 9_000_000, ()),
        (21, 20, "busybox", "container", 1, 2_000_000, None, ()),
    ]
    return [ProcessRow(**dict(zip(ProcessRow.model_fields, row, strict=True))) for row in made_up]


def made_up() -> tuple[pd.DataFrame, pd.DataFrame]:
    made_up = [(10, 11, "/run/containerd.sock", 3), (20, 99, "/run/x", 1), (None, 10, ADDRESS, 2)]
    connections = [
        Connection(**dict(zip(Connection.model_fields, row, strict=True))) for row in made_up
    ]
    return tables.frame(rows(), ProcessRow), tables.frame(connections, Connection)


def seen(known: dict[int, str]) -> pd.DataFrame:
    return tables.frame(processes.process_tree(known), ProcessRow)


def test_children_stand_below_their_parents_and_have_their_role() -> None:
    child = subprocess.Popen([sys.executable, "-c", SLEEPER], stdin=subprocess.PIPE)
    assert child.stdin is not None
    try:
        tree = seen({os.getpid(): "the test", child.pid: "the child"})
        while len(tree[tree["role"] == "the child"]) < 2:  # its own child takes a moment
            tree = seen({os.getpid(): "the test", child.pid: "the child"})
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
            tree = processes.process_tree({os.getpid(): "the test"})
            found = [row for row in processes.connections(tree) if row.address == address]
    assert address in tree[0].listens
    assert [(row.server, row.connections) for row in found] == [(os.getpid(), 1)]
    if processes._peers():
        assert found[0].client == os.getpid()


def test_without_ss_the_asking_end_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "find_tool", lambda name: None)
    assert processes._peers() == {}


def test_a_process_that_is_gone_is_left_out() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert processes.process_tree({child.pid: "gone"}) == []


def test_what_survives() -> None:
    survivors = processes.survival(rows(), {20, 21})
    assert [row.survives for row in survivors] == [False, False, True, True]
    assert [row.name for row in survivors] == [row.name for row in rows()]


def test_only_what_joins_two_processes_of_the_tree_is_an_arrow() -> None:
    lines = drawable(*made_up())
    assert lines[["start", "end"]].to_numpy().tolist() == [[0, 1]]


def test_the_chart_shows_tree_memory_and_sockets() -> None:
    tree, connections = made_up()
    chart = charts.process_tree(tree, connections, badge="made up")
    shown = words(chart)
    assert "└ containerd 11" in shown and "└ busybox (container) 21" in shown
    assert "containerd .sock" in shown and "made up" in shown
    assert "dockerd asks containerd" in chart.alt and "nan" not in chart.alt.lower()
    memory = chart.figure.axes[0]
    assert len(memory.patches) == 3, "what was not read is not drawn"
    assert {"listens", "asks", "pss_bytes"} <= set(chart.table)


def test_an_empty_tree_has_nothing_to_draw() -> None:
    tree, connections = made_up()
    with pytest.raises(UsageError, match="nothing to draw"):
        charts.process_tree(tree.head(0), connections)
