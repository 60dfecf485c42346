"""The bare process, the container's process or the virtual machine is killed."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from labkit.experiments.table import load_run
from labkit.measure import schedule
from tests.faults.scene import Scene
from tests.faults.victims import instance_of

MOMENTS = ("started", "kernel", "ready", "first_result", "stop_requested")
COMBINATIONS = [
    (backend, moment)
    for backend in ("docker", "qemu", "host", "qemu-resumed")
    for moment in (*MOMENTS, "created", "saving")
    if moment != "kernel" or backend == "qemu"
    if moment != "created" or backend.startswith("qemu")
    if moment != "saving" or backend == "qemu-resumed"
]


def inject(scene: Scene) -> None:
    break_instance(scene, lambda victim: victim.kill())


def break_instance(
    scene: Scene,
    harm: Callable[[psutil.Process], None],
    *,
    ready_timeout: float = 60.0,
    patience_s: float | None = None,
) -> None:
    """The trial fails and says why; those before and those of the other backend are there."""
    backend, moment = scene.fault.backend, scene.fault.moment
    course = scene.course(backend, 2 if backend in ("host", "docker") else 1, "cpu,idle")
    target = course.target
    if moment == "saving":  # then there is nothing that its first trial could start from
        target = min(s.trial for s in schedule.schedule(course.plan) if s.backend == backend)
    words = [*course.words, "--ready-timeout", str(ready_timeout)]
    lab = scene.begin(words, patience_s=patience_s)
    lab.until(moment, 0 if moment == "saving" else target)
    harm(instance_of(lab.pid, backend))
    scene.entry.injected = True
    ended = scene.note(lab.finish())
    scene.expect_no_orphans(lab.pid)
    assert ended.status == 1, ended.err
    trials = load_run(scene.run).trials.set_index("trial")
    assert trials.loc[target, "status"] == "failed"
    expected = [
        step.trial
        for step in schedule.schedule(course.plan)
        if step.trial <= target or step.backend != backend
    ]
    scene.entry.lost += [f"trial {n}" for n in expected if n not in trials.index]
    others = trials.drop(target)
    scene.entry.lost += [f"trial {n} failed, too" for n in others.index[others["status"] != "ok"]]
    scene.expect_failed_trials_explained()
