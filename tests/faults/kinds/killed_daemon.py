"""The Docker daemon or a part of it is killed, or it stops for a moment: one of our own."""

from __future__ import annotations

import time

import psutil

from labkit.backends.docker.own_daemon import OwnDaemon
from labkit.experiments.table import load_run
from labkit.system.clock import wait_until
from labkit.system.owner_marks import runs
from tests.faults.checks import Kept
from tests.faults.scene import Scene
from tests.faults.victims import instance_of
from tests.integration.daemon import own_daemon

PARTS = ("dockerd", "containerd-shim", "containerd", "all", "paused")
MOMENTS = ("requested", "created", "started", "ready", "first_result", "stop_requested")
COMBINATIONS = [
    (part, moment)
    for part in PARTS
    for moment in MOMENTS
    if part != "containerd-shim" or moment not in ("requested", "created")
]


def inject(scene: Scene) -> None:
    course = scene.course("docker", 2)
    with own_daemon() as daemon:
        lab = scene.begin(course.words, patience_s=10.0)
        lab.until(scene.fault.moment, course.target)
        kept = Kept.of(scene.run)
        volumes = scene.volumes_of(lab.pid)
        inside = _inside(scene, lab.pid)
        _break(daemon, scene)
        scene.entry.injected = True
        ended = scene.note(lab.finish())
        assert ended.status in (0, 1), ended.err
        if scene.fault.backend == "paused":
            assert ended.status == 0, ended.err
        if not runs(daemon.process):
            daemon.start()
        # The next command: it removes what could not be removed without a daemon.
        scene.perform("clean")
        scene.expect_no_orphans(lab.pid)
        scene.expect_no_volumes(volumes)
        if inside and not wait_until(lambda: not runs(inside), timeout=5):
            scene.entry.orphans.append(f"the container's process {inside.pid}")
    scene.expect_kept(kept)
    trials = load_run(scene.run).trials
    hosts = trials[trials["backend"] == "host"]
    assert hosts["status"].tolist() == ["ok", "ok"]
    scene.expect_failed_trials_explained()


def _break(daemon: OwnDaemon, scene: Scene) -> None:
    part = scene.fault.backend
    if part == "paused":
        daemon.process.suspend()
        time.sleep(scene.dice.uniform(0.1, 3))
        daemon.process.resume()
    elif part == "dockerd":
        daemon.kill([daemon.process])
    elif part == "containerd":
        daemon.kill([p for p in daemon.processes("containerd") if "shim" not in p.name()])
    elif part == "all":
        daemon.kill([daemon.process, *daemon.processes("containerd")])
    else:
        daemon.kill(daemon.processes(part))


def _inside(scene: Scene, pid: int) -> psutil.Process | None:
    if scene.fault.moment in ("requested", "created"):
        return None
    return instance_of(pid, "docker")
