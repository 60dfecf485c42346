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
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from labkit.backends.base import Backend, Missing
from labkit.backends.exclusion import ways_out
from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.qemu import engines
from labkit.backends.qemu.command import (
    AGENT,
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
from labkit.backends.qemu.qmp import Qmp
from labkit.backends.qemu.state import Way, writing
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system.clock import wait_while_it_moves
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import reserved_port
from labkit.system.process import as_root, condition, end, find_tool, last_lines, run, spawn

# How long a console may be silent, and how long a boot may take, when an engine is proven. Where
# it hangs it is silent; a computer that is itself emulated boots in a minute and more, talking.
BOOT_SILENCE_S, BOOT_LIMIT_S = 10.0, 300.0
# How long a state on its way may stand still.
LOAD_SILENCE_S = 15.0
SAVE_SILENCE_S = 30.0


@dataclass(frozen=True)
class Machine:
    """A process of QEMU, its control, its folder, our ends of its lines."""

    process: subprocess.Popen[bytes]
    qmp: Qmp
    folder: Path
    sockets: Mapping[str, socket.socket]


class QemuInstance(Instance):
    def __init__(
        self,
        process: subprocess.Popen[bytes],
        qmp: Qmp,
        folder: Path,
        session: Session,
        timeline: Timeline,
    ) -> None:
        super().__init__(session, timeline)
        self._process = process
        self._qmp = qmp
        self._folder = folder

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("qemu", "instance", (self._process.pid,)),)

    def greet(self) -> None:
        """For a machine that was resumed: its agent has announced itself before it was saved."""
        self._session.greet()

    def wait_while_it_speaks(self, silence: float, most: float) -> None:
        """Waits until the agent is there. Each word on the console gives it `silence` seconds
        more, `most` in all: a busy computer is slow, and no proof that a guest hangs."""
        console = self._folder / "console.log"
        deadline = self._timeline.clock.now() + most
        while True:
            size = console.stat().st_size
            left = deadline - self._timeline.clock.now()
            try:
                return self.wait_ready(min(silence, left))
            except GuestTimeout:
                if left <= silence or console.stat().st_size == size:
                    raise

    def save(self, state: Path) -> None:
        """Stops the machine and writes its state to a file; it does not run on."""
        self._qmp.execute("stop")
        with writing(state) as way:
            self._qmp.give(way.descriptor, "state")
            self._qmp.execute("migrate", uri="fd:state")

            def done() -> bool:
                return self._qmp.status("query-migrate") in ("completed", "failed", "cancelled")

            wait_while_it_moves(done, way.position, silence=SAVE_SILENCE_S)
            status = self._qmp.status("query-migrate")
        if status != "completed":
            raise BackendError(
                f"QEMU did not save the machine's state ({status})", details=self._diagnosis()
            )

    def _wait_gone(self) -> None:
        """The guest has said goodbye: nothing of it is left to save, so the machine ends."""
        with suppress(BackendError):  # the guest's own power-off may come first
            self._qmp.execute("quit")
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise GuestTimeout("QEMU did not end") from None

    def _diagnosis(self) -> str:
        return f"{condition('QEMU', self._process)}\n{diagnose(self._folder)}"


class QemuBackend(Backend):
    name = "qemu"
    family = "hypervisor"
    about_s = 5.0
    publishes = True
    limits_disk = True
    boots = True
    # proven: the fastest that has booted the lab image here.
    settings: ClassVar[Mapping[str, tuple[str, ...]]] = {"engine": ("proven", "tcg")}

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
        return None

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

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with scratch_folder() as folder:
            disk = make_disk(folder / "scratch.raw", limits, beside_root=image.disk is not None)
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


def diagnose(folder: Path) -> str:
    """The end of QEMU's own output and of the guest's console."""
    output = _end_of(folder / "qemu.log")
    console = _end_of(folder / "console.log")
    parts = [f"QEMU said:\n{output}"] if output else []
    if console:
        parts.append(f"the console's last lines:\n{console}")
    else:
        parts.append("the guest's console is empty: its kernel has said nothing")
    return "\n".join(parts)


def _end_of(file: Path) -> str:
    with suppress(OSError):
        return last_lines(file.read_text(encoding="utf-8", errors="replace"), 30)
    return ""


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
