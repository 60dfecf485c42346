"""Two labs want the same folder, or read what the other one writes."""

from __future__ import annotations

import signal
from collections.abc import Callable

from labkit.experiments.table import load_run
from tests.faults.checks import Kept
from tests.faults.scene import Scene

COMBINATIONS = [
    ("host", "two runs"),
    ("host", "resume of a living run"),
    ("host", "two resumes"),
    ("host", "two resumes in a race"),
    ("host", "reading"),
]


def inject(scene: Scene) -> None:
    course = scene.course("host", 4)
    lab = scene.begin(course.words)
    lab.until(
        scene.dice.choice(["ready", "writing samples", "writing trials", "writing journal"]),
        course.target,
    )
    kept = Kept.of(scene.run)
    happenings: dict[str, Callable[[], object]] = {
        "two runs": lambda: _refused(scene, course.words, "is there already"),
        "resume of a living run": lambda: _refused(scene, _resume(scene), "another lab is writing"),
        "two resumes": lambda: _two_resumes(scene, lab.signal),
        "two resumes in a race": lambda: _race(scene, lab.signal),
        "reading": lambda: load_run(scene.run),
    }
    happenings[scene.fault.moment]()
    scene.entry.injected = True
    lab.finish()
    run = load_run(scene.run)
    assert run.ending is not None and run.trials["trial"].tolist() == course.trials
    scene.expect_kept(kept)
    scene.expect_no_orphans(lab.pid)


def _resume(scene: Scene) -> list[str]:
    return ["run", "--resume", str(scene.run)]


def _refused(scene: Scene, words: list[str], why: str) -> None:
    ended = scene.perform(*words)
    assert ended.status == 1 and why in ended.err, ended.err
    scene.expect_no_orphans(ended.pid)


def _two_resumes(scene: Scene, kill: Callable[[int], None]) -> None:
    """The first is in the middle of its first trial when the second comes."""
    kill(signal.SIGKILL)
    first = scene.begin(_resume(scene))
    first.until("started")
    _refused(scene, _resume(scene), "another lab is writing")
    ended = scene.note(first.finish())
    assert ended.status == 0, ended.err


def _race(scene: Scene, kill: Callable[[int], None]) -> None:
    """Both begin at the same moment: at least one of them brings the run to its end."""
    kill(signal.SIGKILL)
    both = [scene.begin(_resume(scene)) for _ in range(2)]
    for lab in both:
        lab.let_go()
    ended = [scene.note(lab.finish()) for lab in both]
    assert 0 in {one.status for one in ended}, [one.err for one in ended]
    for one in ended:
        refused = "another lab is writing" in one.err or "is complete" in one.err
        assert one.status == 0 or refused, one.err
