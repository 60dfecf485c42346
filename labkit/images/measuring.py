"""All experiments, or some, one after the other; whatever ends them leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version

from labkit import host, image, orphans
from labkit.backends import make_backend
from labkit.backends.docker_images import Images, connected
from labkit.errors import BackendError, UsageError
from labkit.image import LabImage
from labkit.images.drift import drift
from labkit.images.first_write import first_write
from labkit.images.flavours import flavours
from labkit.images.from_nothing import from_nothing
from labkit.images.layers import layers
from labkit.images.records import ImagesManifest
from labkit.images.sharing import sharing
from labkit.images.ways import check_machines
from labkit.process import scratch_folder
from labkit.records import Record

# Experiment → how often it is repeated unless told otherwise. What is no matter of chance is
# looked at once.
EXPERIMENTS: Mapping[str, int] = {
    "layers": 1,
    "sharing": 1,
    "first_write": 10,
    "from_nothing": 5,
    "flavours": 10,
    "drift": 1,
}
Rows = dict[str, Sequence[Record]]
Say = Callable[[str], None]


def measure(
    experiments: Sequence[str] = tuple(EXPERIMENTS),
    *,
    repeats: int | None = None,
    machines: Sequence[str] = ("qemu",),
    seed: int = 0,
    say: Say = lambda message: None,
) -> tuple[ImagesManifest, Rows]:
    """Makes these experiments on this computer's Docker: (manifest, experiment → records).

    `machines` are those that `from_nothing` compares with. Raises UsageError for an unknown
    experiment or machine, BackendError where Docker cannot be used.
    """
    trials = _trials(experiments, repeats)
    check_machines(machines)
    lab_image = image.build(progress=False)
    left_out: dict[str, str] = {}
    rows: Rows = {}
    created_at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        with connected() as images, scratch_folder() as scratch:
            make = _Maker(images, lab_image, scratch, machines, seed, left_out, say)
            for name, count in trials.items():
                try:
                    rows[name] = make.experiment(name, count)
                except BackendError as error:
                    if len(trials) == 1:
                        raise
                    left_out[name] = str(error)
    finally:
        orphans.sweep([make_backend("docker")], mine=True)
    return _manifest(created_at, lab_image, seed, trials, left_out), rows


class _Maker:
    """What all experiments are given."""

    def __init__(
        self,
        images: Images,
        lab_image: LabImage,
        scratch: Path,
        machines: Sequence[str],
        seed: int,
        left_out: dict[str, str],
        say: Say,
    ) -> None:
        self._given = (images, lab_image, scratch)
        self._machines = machines
        self._seed = seed
        self._left_out = left_out
        self._say = say

    def experiment(self, name: str, trials: int) -> Sequence[Record]:
        say, seed = self._say, self._seed
        say(f"{name}: {trials} times" if trials > 1 else name)
        match name:
            case "layers":
                return layers(*self._given)
            case "sharing":
                return sharing(*self._given, trials=trials, say=say)
            case "first_write":
                return first_write(*self._given, trials=trials, seed=seed, say=say)
            case "flavours":
                return flavours(*self._given, trials=trials, seed=seed, say=say)
            case "drift":
                return drift(*self._given, say=say)
        others = {"machines": self._machines, "left_out": self._left_out}
        return from_nothing(*self._given, trials=trials, say=say, **others)  # type: ignore[arg-type]


def _trials(experiments: Sequence[str], repeats: int | None) -> dict[str, int]:
    for name in experiments:
        if name not in EXPERIMENTS:
            raise UsageError(
                f"there is no experiment {name!r}", details=f"there are: {', '.join(EXPERIMENTS)}"
            )
    if not experiments or (repeats is not None and repeats < 1):
        raise UsageError("nothing would be measured", resolution="use one experiment, 1 repeat")
    chosen = {name: usual for name, usual in EXPERIMENTS.items() if name in experiments}
    return {name: repeats if repeats and usual > 1 else usual for name, usual in chosen.items()}


def _manifest(
    created_at: str, lab_image: LabImage, seed: int, trials: dict[str, int], left: dict[str, str]
) -> ImagesManifest:
    return ImagesManifest(
        created_at=created_at,
        labkit_version=version("labkit"),
        host=host.inspect(),
        docker_version=make_backend("docker").version(),
        image_digest=lab_image.digest,
        python_version=python_version(),
        seed=seed,
        trials=trials,
        left_out=left,
    )
