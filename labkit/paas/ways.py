"""The same web app on its way into service, three times: what its user has to do and to supply.

Each way is a list of steps that are really done, one after the other, and timed. What counts as
supplied stands in the step itself: the text files that the user writes (their lines), and what
the user brings along and has to keep up to date (its bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from labkit import image, kept, tables
from labkit.backends import versions
from labkit.backends.docker_apps import Apps, connected
from labkit.backends.qemu import QemuBackend
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.image.networked import append_entries
from labkit.image.rootfs import program
from labkit.kept import Kept
from labkit.paas import platform
from labkit.paas.source import read_app
from labkit.ports import reserved_port
from labkit.process import end, last_lines, owner, scratch_folder, spawn, wait_until
from labkit.records import DeploymentStep, Engine, Model
from labkit.web.client import answers

APP = Path(__file__).parent / "example"
FILES = Path(__file__).parent / "ways_files"
READY_S = 60.0


@dataclass
class Place:
    """Where one way is gone: a folder, a port, and what must be undone at its end."""

    folder: Path
    port: int
    lab_image: LabImage
    engine: Engine
    apps: Apps
    undo: ExitStack = field(default_factory=ExitStack)


@dataclass(frozen=True)
class Step:
    """What the user does: writes these files, brings those, and causes something."""

    title: str
    writes: Mapping[str, bytes] = field(default_factory=dict)
    brings: tuple[Path, ...] = ()
    do: Callable[[Place], None] = lambda place: None


@dataclass(frozen=True)
class Way:
    name: str
    model: Model
    steps: tuple[Step, ...]


def compare(
    repeats: int = 1, say: Callable[[str], None] = lambda message: None
) -> list[DeploymentStep]:
    """Goes each way so many times, in turn; all that was started is ended again."""
    lab_image = image.networked(image.build(progress=False), progress=False)
    found: list[DeploymentStep] = []
    for trial in range(1, repeats + 1):
        for way in ways(lab_image):
            with _place(lab_image, way) as place:
                steps = go(way, place, trial)
            found += steps
            say(f"{way.name}: answers after {sum(step.seconds for step in steps):.1f} s")
    return found


def measured(repeats: int = 1) -> Kept:
    """What `compare` finds, with when and where."""
    steps = tables.frame(compare(repeats), DeploymentStep)
    return Kept(kept.describe(versions("qemu", "docker")), {"steps": steps})


def go(way: Way, place: Place, trial: int) -> list[DeploymentStep]:
    """One way from its first step to the app's first answer."""
    return [_perform(way, number, step, place, trial) for number, step in enumerate(way.steps, 1)]


def ways(lab_image: LabImage) -> tuple[Way, ...]:
    return (machine(lab_image), container(lab_image), code_alone())


def machine(lab_image: LabImage) -> Way:
    """A virtual machine: kernel, root file system and first program are the user's."""
    brought = (lab_image.kernel, lab_image.initramfs)
    return Way(
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


def container(lab_image: LabImage) -> Way:
    """A container made by hand: base image, recipe and settings are the user's."""
    recipe = {"Dockerfile": _text("Dockerfile").replace(b"BASE", lab_image.container_tag.encode())}
    return Way(
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


def code_alone() -> Way:
    """The platform: the code is the user's."""
    return Way("code alone", "PaaS", (_write_app(), Step("labkit paas deploy", do=_deploy)))


def _perform(way: Way, number: int, step: Step, place: Place, trial: int) -> DeploymentStep:
    clock = QemuBackend.clock
    begin = clock.now()
    for name, content in step.writes.items():
        target = place.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o755)
    step.do(place)
    seconds = clock.now() - begin
    written = sum(len(content) for content in step.writes.values())
    return DeploymentStep(
        trial=trial,
        way=way.name,
        model=way.model,
        engine=place.engine,
        step=number,
        title=step.title,
        files=len(step.writes) + len(step.brings),
        lines=sum(len(content.splitlines()) for content in step.writes.values()),
        bytes=written + sum(path.stat().st_size for path in step.brings),
        seconds=seconds,
    )


@contextmanager
def _place(lab_image: LabImage, way: Way) -> Iterator[Place]:
    engine: Engine = QemuBackend().engine(lab_image) if way.model == "IaaS" else "native"
    with ExitStack() as stack:
        apps = stack.enter_context(connected())
        folder = stack.enter_context(scratch_folder())
        port = stack.enter_context(reserved_port())
        yield Place(folder, port, lab_image, engine, apps, stack)


def _write_app() -> Step:
    files = sorted(path for path in APP.rglob("*") if path.is_file())
    return Step(
        "write the app",
        {f"app/{path.relative_to(APP).as_posix()}": path.read_bytes() for path in files},
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
    place.apps.load(place.lab_image.container_tar)


def _build(place: Place) -> None:
    place.undo.callback(place.apps.forget_built, _tag())
    place.apps.build(place.folder, _tag())


def _run(place: Place) -> None:
    name = f"labkit-by-hand-{owner()}"
    place.undo.callback(place.apps.remove_named, name)
    place.apps.run(_tag(), name, place.port)


def _deploy(place: Place) -> None:
    place.undo.callback(platform.stop, trial_name())
    platform.deploy(place.folder / "app", name=trial_name(), timeout=READY_S)


def _wait(place: Place) -> None:
    if not wait_until(lambda: answers(place.port, timeout=1), timeout=READY_S, interval=0.01):
        log = place.folder / "machine.log"
        said = last_lines(log.read_text(errors="replace")) if log.exists() else ""
        raise BackendError(f"the app has not answered within {READY_S:g} s", details=said)


def trial_name() -> str:
    """The app's name while it is deployed for a comparison; it says whose it is."""
    return platform.trial_name(owner())


def _tag() -> str:
    return f"labkit/by-hand-{owner()}:1"
