"""The methods by which a web app is put into service.

Each is a list of steps that are really done, one after the other, and timed. What counts as
supplied stands in the step itself: the text files that the user writes (their lines), and what
the user brings along and has to keep up to date (its bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from labkit.apps import platform, tidying
from labkit.apps.containers import Apps
from labkit.apps.source import EXAMPLE, read_app
from labkit.errors import BackendError
from labkit.experiments.deployment.records import Model
from labkit.image import LabImage
from labkit.image.networked import append_entries
from labkit.image.rootfs import program
from labkit.measure.web.client import answers
from labkit.recordings.words import Engine
from labkit.system.clock import Clock, wait_until
from labkit.system.owner_marks import owner
from labkit.system.process import end, last_lines, spawn

FILES = Path(__file__).parent / "files"


@dataclass
class Place:
    """Where one method is tried: a folder, a port, and what must be undone at its end."""

    folder: Path
    port: int
    lab_image: LabImage
    engine: Engine
    apps: Apps
    clock: Clock
    patience_s: float
    undo: ExitStack


@dataclass(frozen=True)
class Step:
    """What the user does: writes these files, brings those, and causes something."""

    title: str
    writes: Mapping[str, bytes] = field(default_factory=dict)
    brings: tuple[Path, ...] = ()
    do: Callable[[Place], None] = lambda place: None


@dataclass(frozen=True)
class Method:
    name: str
    model: Model
    steps: tuple[Step, ...]


def methods(lab_image: LabImage) -> tuple[Method, ...]:
    return (machine(lab_image), container(lab_image), code_alone())


def machine(lab_image: LabImage) -> Method:
    """A virtual machine: kernel, root file system and first program are the user's."""
    brought = (lab_image.kernel, lab_image.initramfs)
    return Method(
        "virtual machine",
        "IaaS",
        (
            _write_app(),
            Step("get a kernel and a root file system with drivers", brings=brought, do=_copy),
            Step("write the machine's first program", writes=_file("init")),
            Step("pack both into the root file system", do=_pack),
            Step("describe and start the machine", writes=_file("start.sh"), do=_boot),
            Step("wait until the app answers", do=_wait),
        ),
    )


def container(lab_image: LabImage) -> Method:
    """A container made by hand: base image, recipe and settings are the user's."""
    recipe = {"Dockerfile": _text("Dockerfile").replace(b"BASE", lab_image.container_tag.encode())}
    return Method(
        "container by hand",
        "containers",
        (
            _write_app(),
            Step("get a base image", brings=(lab_image.container_tar,), do=_load),
            Step("write the recipe and build the image", writes=recipe, do=_build),
            Step("start a container with port and limits", do=_run),
            Step("wait until the app answers", do=_wait),
        ),
    )


def code_alone() -> Method:
    """The platform: the code is the user's."""
    return Method("code alone", "PaaS", (_write_app(), Step("labkit paas deploy", do=_deploy)))


def _write_app() -> Step:
    files = sorted(path for path in EXAMPLE.rglob("*") if path.is_file())
    return Step(
        "write the app",
        {f"app/{path.relative_to(EXAMPLE).as_posix()}": path.read_bytes() for path in files},
    )


def _text(name: str) -> bytes:
    return (FILES / name).read_bytes().replace(b"\r\n", b"\n")


def _file(name: str) -> dict[str, bytes]:
    return {name: _text(name)}


def _copy(place: Place) -> None:
    for source, name in ((place.lab_image.kernel, "vmlinuz"), (place.lab_image.initramfs, "root")):
        (place.folder / name).write_bytes(source.read_bytes())


def _pack(place: Place) -> None:
    entries = [*read_app(place.folder / "app").entries]
    entries.append(program("init", (place.folder / "init").read_bytes()))
    append_entries(place.folder / "root", entries, place.folder / "machine.cpio")


def _boot(place: Place) -> None:
    words = ["sh", "start.sh", place.engine, str(place.port)]
    process = spawn(words, log=place.folder / "machine.log", cwd=place.folder)
    place.undo.callback(end, process)


def _load(place: Place) -> None:
    place.apps.images.load(place.lab_image.container_tar)


def _build(place: Place) -> None:
    place.undo.callback(place.apps.images.remove, _tag())
    place.apps.images.build(place.folder, _tag())


def _run(place: Place) -> None:
    name = f"labkit-by-hand-{owner()}"
    place.undo.callback(place.apps.remove_named, name)
    place.apps.run(_tag(), name, place.port)


def _deploy(place: Place) -> None:
    place.undo.callback(platform.stop, trial_name())
    platform.deploy(place.folder / "app", name=trial_name(), timeout=place.patience_s)


def _wait(place: Place) -> None:
    if not wait_until(
        lambda: answers(place.port, timeout=1), timeout=place.patience_s, interval=0.01
    ):
        log = place.folder / "machine.log"
        tail = last_lines(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ""
        raise BackendError(f"the app has not answered within {place.patience_s:g} s", details=tail)


def trial_name() -> str:
    """The app's name while it is deployed for a comparison; it says whose it is."""
    return tidying.trial_name(owner())


def _tag() -> str:
    return f"labkit/by-hand-{owner()}:1"
