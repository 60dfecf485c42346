"""The disk is full: for the run's folder, for temporary files, or for both."""

from __future__ import annotations

from labkit.experiments.table import load_run
from labkit.recordings.reader import MANIFEST
from tests.disks import make_room, small_disk
from tests.faults.checks import Kept
from tests.faults.scene import Scene

PLACES = ("run", "temporary", "both")
COMBINATIONS = [(b, place) for b in ("host", "qemu-resumed", "docker", "qemu") for place in PLACES]
REPEATS = {"host": 12, "docker": 3}
# In KiB: from nearly nothing to more than most need. A saved state has some 60 MiB.
SIZES = {"run": (4, 90), "temporary": (4, 300), "both": (4, 300)}


def inject(scene: Scene) -> None:
    backend, place = scene.fault.backend, scene.fault.moment
    low, high = SIZES[place]
    if backend == "qemu-resumed" and place != "run":
        high = 90_000
    size = round(low * (high / low) ** scene.dice.random())
    with small_disk(size * 1024, scene.folder / "small", lazily=True) as small:
        env = {} if place == "run" else {"TMPDIR": str(small)}
        if place != "temporary":
            scene.run = small / "run"
        course = scene.course(backend, REPEATS.get(backend, 1), "cpu,disk")
        ended = scene.perform(*course.words, env=env)
        scene.entry.injected = True
        scene.expect_no_orphans(ended.pid)
        scene.entry.orphans += [str(path) for path in small.glob("labkit-*")]
        assert ended.status in (0, 1), ended.err
        if (scene.run / MANIFEST).exists():
            _go_on(scene, env, course.trials)
        elif place == "temporary":
            raise AssertionError(f"no run was begun: {ended.err}")


def _go_on(scene: Scene, env: dict[str, str], planned: list[int]) -> None:
    """What was finished can be read at once, and the run goes on when there is room: on the same
    file system, since the workload disk writes to it."""
    kept = Kept.of(scene.run)
    scene.expect_failed_trials_explained()
    if load_run(scene.run).ending is None:
        make_room(scene.folder / "small")
        resumed = scene.perform("run", "--resume", str(scene.run), env=env)
        assert resumed.status in (0, 1), resumed.err
        trials = load_run(scene.run).trials
        # A backend that has failed, since it found no room, was not tried again.
        if set(trials["status"]) == {"ok"}:
            assert trials["trial"].tolist() == planned
    scene.expect_kept(kept)
    assert load_run(scene.run).ending is not None
