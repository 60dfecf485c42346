"""The lab itself is killed or told to end, at each milestone and while it writes a trial down."""

from __future__ import annotations

import signal
import time

from labkit.experiments.benchmark.records import TABLES
from labkit.experiments.table import load_run
from labkit.recordings.reader import MANIFEST
from labkit.recordings.words import MILESTONES, OF_PODS
from tests.faults.checks import Kept
from tests.faults.scene import OF_PROGRAMS, PROGRAM, Course, Scene

WRITING = [f"writing {table}" for table in (*TABLES, "journal")]
# Moments of the recording, and not of one of its trials.
ONCE = ("writing instances", "after manifest", "before ending", "after ending", "saving")
REPEATS = {"host": 3, "docker": 2}
LONGEST_S = {"host": 0.5, "docker": 1.5}
# Where only a certain workload comes to → that; everything else comes of "cpu", too.
ONLY = {
    "first_response": "http",
    "writing requests": "http",
    **{f"writing {table}": PROGRAM for table in OF_PROGRAMS},
}
COMBINATIONS = [
    (backend, moment)
    for backend in ("host", "docker", "qemu", "qemu-resumed")
    for moment in dict.fromkeys((*MILESTONES, *WRITING, *ONCE, "anytime"))
    if moment not in OF_PODS
    if moment != "kernel" or backend == "qemu"
    if moment != "saving" or backend == "qemu-resumed"
    if ONLY.get(moment) != PROGRAM or backend != "qemu-resumed"  # it starts no such image
]


def inject(scene: Scene) -> None:
    backend, moment, dice = scene.fault.backend, scene.fault.moment, scene.dice
    workload = ONLY.get(moment, "cpu")
    more = {"instances": 2} if moment == "writing instances" else {}
    course = scene.course(backend, REPEATS.get(backend, 1), workload, **more)
    number = dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    lab = scene.begin(course.words)
    if moment in ONCE:
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
    begun = (scene.run / MANIFEST).exists()
    was_over = begun and load_run(scene.run).ending is not None
    scene.entry.injected = True
    finished = _finished_before(moment, course)
    scene.entry.lost += [f"trial {n} was finished" for n in finished if n not in kept.trials]
    if number != signal.SIGKILL:
        assert was_over or ended.status == 128 + number, ended.err
        # Where it is, from the moment on that it is there.
        assert ended.status == 0 or begun == (str(scene.run) in ended.err), ended.err
        scene.expect_no_orphans(lab.pid)
    if not was_over:
        # Killed before anything was measured, it has left no folder: then all is done anew.
        words = ["run", "--resume", str(scene.run)] if begun else course.words
        resumed = scene.perform(*words)
        assert resumed.status == 0, resumed.err
        scene.expect_no_orphans(resumed.pid)
        scene.expect_no_orphans(lab.pid)
        scene.expect_no_volumes(volumes)
    scene.expect_kept(kept)
    after = load_run(scene.run)
    assert after.trials["trial"].tolist() == course.trials
    assert set(after.trials["status"]) == {"ok"}
    assert after.ending is not None and after.ending.reason == "plan"
    assert set(after.instances["backend"]) == set(course.plan.instances)
    assert after.instances["error"].isna().all()
    if workload == PROGRAM:
        for table in (after.metrics, after.reports):
            assert list(dict.fromkeys(table["trial"])) == course.trials


def _finished_before(moment: str, course: Course) -> list[int]:
    """The trials that are on the disk by then."""
    if moment in ("saving", "after manifest"):
        return []
    return course.trials if moment in ONCE else [n for n in course.trials if n < course.target]
