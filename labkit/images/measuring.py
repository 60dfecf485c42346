"""All experiments, or some, one after the other; whatever ends them leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from platform import python_version

from labkit import host, image, orphans
from labkit.backends import make_backend
from labkit.backends.docker_images import connected
from labkit.errors import BackendError, UsageError
from labkit.image import LabImage
from labkit.images.drift import drift
from labkit.images.first_write import first_write
from labkit.images.flavours import flavours
from labkit.images.from_nothing import from_nothing
from labkit.images.layers import layers
from labkit.images.records import ImagesManifest
from labkit.images.setting import Setting
from labkit.images.sharing import sharing
from labkit.images.ways import check_machines
from labkit.process import scratch_folder
from labkit.records import Record
from labkit.setup.own_daemon import OwnDaemon

# Experiment → what makes it, and how often it is repeated unless told otherwise. What is no matter
# of chance is looked at once.
EXPERIMENTS: Mapping[str, tuple[Callable[[Setting], Sequence[Record]], int]] = {
    "layers": (layers, 1),
    "sharing": (sharing, 1),
    "first_write": (first_write, 10),
    "from_nothing": (from_nothing, 5),
    "flavours": (flavours, 10),
    "drift": (drift, 1),
}
Rows = dict[str, Sequence[Record]]
Say = Callable[[str], None]
Keep = Callable[[ImagesManifest, Rows], None]


def measure(
    experiments: Sequence[str] = tuple(EXPERIMENTS),
    *,
    repeats: int | None = None,
    machines: Sequence[str] = ("qemu",),
    seed: int = 0,
    storage_driver: str | None = None,
    say: Say = lambda message: None,
    keep: Keep = lambda manifest, rows: None,
) -> tuple[ImagesManifest, Rows]:
    """Makes these experiments on this computer's Docker: (manifest, experiment → records). After
    each of them `keep` is given what there is until then.

    `machines` are those that `from_nothing` compares with. With a `storage_driver` (dockerd(8),
    such as "vfs"), a daemon of the lab's own is used, which has that one. Raises UsageError for an
    unknown experiment or machine, BackendError where Docker cannot be used.
    """
    trials = _trials(experiments, repeats)
    check_machines(machines)
    lab_image = image.build(progress=False)
    rows: Rows = {}
    try:
        with (
            _daemon(storage_driver, say),
            connected() as images,
            scratch_folder() as scratch,
        ):
            manifest = _manifest(lab_image, images.storage_driver(), seed, trials)
            given = Setting(images, lab_image, scratch, 1, seed, tuple(machines), say=say)
            for name, count in trials.items():
                say(f"{name}: {count} times" if count > 1 else name)
                try:
                    rows[name] = EXPERIMENTS[name][0](replace(given, trials=count))
                except BackendError as error:
                    if len(trials) == 1:
                        raise
                    given.left_out[name] = str(error)
                manifest = manifest.model_copy(update={"left_out": dict(given.left_out)})
                keep(manifest, rows)
    finally:
        orphans.sweep([make_backend("docker")], mine=True)
    return manifest, rows


def _daemon(storage_driver: str | None, say: Say) -> AbstractContextManager[object]:
    if storage_driver is None:
        return nullcontext()
    say(f"starting a Docker daemon with the storage driver {storage_driver}")
    return OwnDaemon("--storage-driver", storage_driver)


def _trials(experiments: Sequence[str], repeats: int | None) -> dict[str, int]:
    for name in experiments:
        if name not in EXPERIMENTS:
            raise UsageError(
                f"there is no experiment {name!r}", details=f"there are: {', '.join(EXPERIMENTS)}"
            )
    if not experiments or (repeats is not None and repeats < 1):
        raise UsageError("nothing would be measured", resolution="use one experiment, 1 repeat")
    chosen = {name: usual for name, (_, usual) in EXPERIMENTS.items() if name in experiments}
    return {name: repeats if repeats and usual > 1 else usual for name, usual in chosen.items()}


def _manifest(
    lab_image: LabImage, storage_driver: str, seed: int, trials: dict[str, int]
) -> ImagesManifest:
    return ImagesManifest(
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        labkit_version=version("labkit"),
        host=host.inspect(),
        docker_version=make_backend("docker").version(),
        storage_driver=storage_driver,
        image_digest=lab_image.digest,
        python_version=python_version(),
        seed=seed,
        trials=trials,
        left_out={},
        digests={},
    )
