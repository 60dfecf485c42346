"""The lab itself is killed or told to end, at each milestone and while it writes a trial down."""

from __future__ import annotations

import signal
import time

from labkit import store
from labkit.records import MILESTONES
from tests.faults.checks import Kept
from tests.faults.scene import Scene

WRITING = [f"writing {table}" for table in store.TABLES]
COMBINATIONS = [
    (backend, moment)
    for backend in ("host", "docker", "qemu", "qemu-resumed")
    for moment in (*MILESTONES, *WRITING, "anytime", "saving")
    if moment != "kernel" or backend == "qemu"
    if moment != "saving" or backend == "qemu-resumed"
]
REPEATS = {"host": 3, "docker": 2}
LONGEST_S = {"host": 0.5, "docker": 1.5}
# Only a server comes there.
SERVED = ("first_response", "writing requests")


def inject(scene: Scene) -> None:
    backend, moment, dice = scene.fault.backend, scene.fault.moment, scene.dice
    workload = "http" if moment in SERVED else "cpu"
    course = scene.course(backend, REPEATS.get(backend, 1), workload)
    number = dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    lab = scene.begin(course.words)
    if moment == "saving":
        lab.until(moment)
    elif moment == "anytime":
        lab.until("requested", course.target)
        lab.let_go()
        time.sleep(dice.uniform(0, LONGEST_S.get(backend, 4)))
    else:
        lab.until(moment, course.target)
        if dice.random() < 0.3:  # a little after it
            lab.let_go()
            time.sleep(dice.uniform(0, 0.05))
    volumes = scene.volumes_of(lab.pid)
    for _ in range(dice.choice([1, 1, 2])):
        lab.signal(number)
    ended = scene.note(lab.finish())
    kept = Kept.of(scene.run)
    was_over = store.load(scene.run).ending is not None
    scene.entry.injected = True
    if number != signal.SIGKILL:
        assert was_over or ended.status == 128 + number, ended.err
        scene.expect_no_orphans(lab.pid)
    if not was_over:
        resumed = scene.perform("run", "--resume", str(scene.run))
        assert resumed.status == 0, resumed.err
        scene.expect_no_orphans(resumed.pid)
        scene.expect_no_orphans(lab.pid)
        scene.expect_no_volumes(volumes)
    scene.expect_kept(kept)
    after = store.load(scene.run)
    assert after.trials["trial"].tolist() == course.trials
    assert set(after.trials["status"]) == {"ok"}
    assert after.ending is not None and after.ending.reason == "plan"
