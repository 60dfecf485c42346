"""Backend `qemu`: a virtual machine that boots the lab image's kernel and initramfs directly.

The agent speaks on the second serial port; the first is the kernel's console. The machine is
made with its processor stopped (`created`), then let go (`started`): so making the machine and
booting it are told apart. CPU limit: virtual processors; memory limit: the guest's RAM.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Backend, Missing
from labkit.backends.exclusion import ways_out
from labkit.backends.instance import Instance
from labkit.backends.qemu import disk_format, engines
from labkit.backends.qemu.command import (
    AGENT,
    CACHE,
    CONSOLE,
    CONTROL,
    MACHINES,
    PROGRAMS,
    SOCKETS,
    boots,
    command,
    here,
    make_disk,
    network_card,
    root_disk,
    talking,
)
from labkit.backends.qemu.instance import QemuInstance, diagnose
from labkit.backends.qemu.qmp import Qmp
from labkit.backends.qemu.state import Way
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.image import LabImage
from labkit.recordings.facts import DISK_FORMAT, DISK_FORMATS, Limits
from labkit.recordings.words import Engine
from labkit.system.clock import wait_while_it_moves
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import reserved_port
from labkit.system.process import as_root, end, find_tool, run, spawn

# How long a console may be silent, and how long a boot may take, when an engine is proven. Where
# it hangs it is silent; a computer that is itself emulated boots in a minute and more, talking.
BOOT_SILENCE_S, BOOT_LIMIT_S = 10.0, 300.0
# How long a state on its way may stand still.
LOAD_SILENCE_S = 15.0
# proven: the fastest that has booted the lab image here.
ENGINES: Mapping[str, tuple[str, ...]] = {"engine": ("proven", "tcg")}


@dataclass(frozen=True)
class Machine:
    """A process of QEMU, its control, its folder, our ends of its lines."""

    process: subprocess.Popen[bytes]
    qmp: Qmp
    folder: Path
    sockets: Mapping[str, socket.socket]


class QemuBackend(Backend):
    name = "qemu"
    family = "hypervisor"
    about_s = 5.0
    publishes = True
    limits_disk = True
    boots = True
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {**ENGINES, DISK_FORMAT: DISK_FORMATS}

    def __init__(
        self, engine: Engine | None = None, *, variation: Mapping[str, str] | None = None
    ) -> None:
        """engine: kvm, hvf or tcg; None lets the machine's abilities decide."""
        super().__init__(variation=variation)
        self._engine = engine
        self._version = ""

    def missing(self) -> Missing | None:
        if find_tool(program := PROGRAMS[here()]) is None:
            return Missing(f"QEMU ({program}) is not installed", as_root("setup qemu"))
        return disk_format.missing(self._disk_format)

    def version(self) -> str:
        if not self._version:
            first_line = run([PROGRAMS[here()], "--version"]).stdout.partition("\n")[0]
            match = re.search(r"version (\S+)", first_line)
            number = match[1] if match else first_line
            self._version = f"QEMU {number}, machine {MACHINES[here()]}"
        return self._version

    def engine(self, image: LabImage | None) -> Engine:
        if self._engine is None:
            tcg = self.chosen["engine"] == "tcg"
            self._engine = "tcg" if tcg else engines.choose(image, self.version(), _boot)
        return self._engine

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        return (engines.explain(image, self.version(), _boot),)

    def configuration(self) -> Mapping[str, str]:
        return {"disk_cache": CACHE}

    def prepare(self, image: LabImage) -> None:
        self._empty_disk  # noqa: B018  so that no start makes it

    @cached_property
    def _empty_disk(self) -> bytes:
        return disk_format.empty_disk(self._disk_format)

    @property
    def _disk_format(self) -> str:
        return self.chosen.get(DISK_FORMAT, disk_format.RAW)

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        kind = self._disk_format
        with scratch_folder() as folder:
            disk = make_disk(
                folder / f"scratch.{kind}",
                limits,
                beside_root=image.disk is not None,
                kind=kind,
                empty=self._empty_disk,
            )
            with self._machine(image, limits, timeline, disk) as instance:
                yield instance

    @contextmanager
    def _machine(
        self,
        image: LabImage,
        limits: Limits,
        timeline: Timeline,
        more: Sequence[str],
        state: Way | None = None,
    ) -> Iterator[QemuInstance]:
        """A started machine that boots the lab image; `more` is what its command line has besides,
        `state` where a saved one comes from."""
        with ExitStack() as stack:
            port = stack.enter_context(reserved_port()) if limits.network else None
            card = () if port is None else network_card(port)
            words = [*boots(self.engine(image), image, limits), *root_disk(image), *card, *more]
            made = self.machine(image, limits, timeline, words, state)
            machine = stack.enter_context(made)
            console, agent = machine.sockets[CONSOLE], machine.sockets[AGENT]

            def on_console(data: bytes) -> None:
                if self.start == "cold":  # a resumed one boots none, whatever it says later
                    timeline.mark("kernel")

            channel = Channel(agent.fileno(), agent.fileno(), watch={console.fileno(): on_console})
            session = Session(channel, timeline.clock)
            instance = QemuInstance(machine.process, machine.qmp, machine.folder, session, timeline)
            instance.port = port
            yield instance

    @contextmanager
    def machine(
        self,
        image: LabImage,
        limits: Limits,
        timeline: Timeline,
        more: Sequence[str],
        state: Way | None = None,
    ) -> Iterator[Machine]:
        """A started machine, whatever it boots by `more`. Marks `created` and `started`."""
        engine = self.engine(image)
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            ours, theirs = _socket_pairs(stack)
            ends = {name: end.fileno() for name, end in theirs.items()}
            argv = [*command(engine, image, limits, folder, ends), *more]
            process = spawn(
                argv,
                log=folder / "qemu.log",
                env={"TMPDIR": str(folder)},  # where it keeps what is written to a snapshot
                pass_fds=[*ends.values(), *([state.descriptor] if state else [])],
            )
            stack.callback(end, process)
            for socket_ in theirs.values():
                socket_.close()  # so that ours end with the machine
            qmp = stack.enter_context(closing(_control(ours[CONTROL], folder)))
            timeline.mark("created")
            _go(qmp, folder, state.position if state else int)
            timeline.mark("started")
            yield Machine(process, qmp, folder, ours)


def _boot(engine: Engine, image: LabImage) -> None:
    """Proves an engine by a boot: the kernel writes all of its messages to the console."""
    backend = QemuBackend(engine)
    with ExitStack() as stack:
        words = list(talking(image))
        if image.disk:  # which is looked for behind another one
            folder = stack.enter_context(scratch_folder())
            words += make_disk(folder / "scratch.raw", Limits(), beside_root=True)
        machine = backend._machine(image, Limits(), Timeline(backend.clock), words)
        stack.enter_context(machine).wait_while_it_speaks(BOOT_SILENCE_S, BOOT_LIMIT_S)


def _go(qmp: Qmp, folder: Path, loaded: Callable[[], int]) -> None:
    """Lets the machine run; one that loads a saved state must have loaded it first."""

    def done() -> bool:
        return qmp.status() != "inmigrate"

    if not wait_while_it_moves(done, loaded, silence=LOAD_SILENCE_S, interval=0.005):
        raise BackendError("QEMU did not load the saved state", details=diagnose(folder))
    qmp.execute("cont")


def _socket_pairs(stack: ExitStack) -> tuple[dict[str, socket.socket], dict[str, socket.socket]]:
    """The machine's lines to the outside: our ends, and those that QEMU inherits."""
    ours, theirs = {}, {}
    for name in SOCKETS:
        pair = socket.socketpair()
        ours[name], theirs[name] = (stack.enter_context(side) for side in pair)
    return ours, theirs


def _control(connection: socket.socket, folder: Path) -> Qmp:
    """Answers once the machine is made."""
    try:
        return Qmp(connection)
    except BackendError as error:
        details = diagnose(folder)
        raise BackendError(
            "QEMU did not make the machine", details=details, resolution=ways_out(details)
        ) from error
