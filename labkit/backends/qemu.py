"""Backend `qemu`: a virtual machine that boots the lab image's kernel and initramfs directly.

The agent speaks on the second serial port; the first is the kernel's console. The machine is
made with its processor stopped (`created`), then let go (`started`): so making the machine and
booting it are told apart. CPU limit: virtual processors; memory limit: the guest's RAM.
"""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

from labkit.backends import engines
from labkit.backends.base import (
    STOP_TIMEOUT_S,
    Backend,
    Instance,
    Meter,
    Missing,
)
from labkit.backends.qemu_command import MACHINE, PROGRAM, command, make_disk, network_card
from labkit.backends.qmp import Qmp
from labkit.channel import Channel
from labkit.errors import BackendError, GuestTimeout, LabError
from labkit.image import LabImage
from labkit.ports import reserved_port
from labkit.process import (
    as_root,
    condition,
    end,
    find_tool,
    last_lines,
    run,
    scratch_folder,
    spawn,
    wait_until,
)
from labkit.protocol import Session
from labkit.records import Engine, Limits
from labkit.timeline import Timeline

CONNECT_TIMEOUT_S = 15.0
SAVE_TIMEOUT_S = 60.0


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

    def save(self, state: Path) -> None:
        """Stops the machine and writes its state to a file; it does not run on."""
        self._qmp.execute("stop")
        self._qmp.execute("migrate", uri=f"exec:cat > {state}")
        done = ("completed", "failed", "cancelled")
        wait_until(lambda: self._qmp.status("query-migrate") in done, timeout=SAVE_TIMEOUT_S)
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

    def __init__(self, engine: Engine | None = None) -> None:
        """engine: kvm, hvf or tcg; None lets the machine's abilities decide."""
        self._engine = engine

    def missing(self) -> Missing | None:
        if find_tool(PROGRAM) is None:
            return Missing(f"QEMU ({PROGRAM}) is not installed", as_root("setup qemu"))
        return None

    def version(self) -> str:
        first_line = run([PROGRAM, "--version"]).stdout.partition("\n")[0]
        found = re.search(r"version (\S+)", first_line)
        return f"QEMU {found[1] if found else first_line}, machine {MACHINE}"

    def engine(self, image: LabImage | None) -> Engine:
        if self._engine is None:
            self._engine = engines.choose(image, self.version(), self._boots)
        return self._engine

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        return (engines.explain(image, self.version(), self._boots),)

    def _boots(self, engine: Engine, image: LabImage, timeout: float) -> str | None:
        """Why the lab image does not reach user space under this engine within `timeout`
        seconds; None when it does."""
        timeline = Timeline(self.clock)
        try:
            with QemuBackend(engine).launch(image, Limits(), timeline) as instance:
                instance.wait_ready(timeout)
        except LabError as error:
            return error.brief
        return None

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        with scratch_folder() as folder:
            disk = make_disk(folder / "scratch.raw", limits)
            with self._machine(image, limits, timeline, disk) as instance:
                yield instance

    @contextmanager
    def _machine(
        self, image: LabImage, limits: Limits, timeline: Timeline, more: Sequence[str]
    ) -> Iterator[QemuInstance]:
        """A started machine; `more` is what its command line has besides `command`."""
        engine = self.engine(image)
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            port = stack.enter_context(reserved_port()) if limits.network else None
            card = () if port is None else network_card(port)
            argv = [*command(engine, image, limits, folder), *card, *more]
            process = spawn(argv, log=folder / "qemu.log")
            stack.callback(end, process)
            _wait_for_sockets(process, folder)
            qmp = stack.enter_context(closing(Qmp(folder / "qmp")))
            timeline.mark("created")
            console = stack.enter_context(_connect(folder / "console"))
            agent = stack.enter_context(_connect(folder / "agent"))
            _go(qmp, folder)
            timeline.mark("started")

            def on_console(data: bytes) -> None:
                if self.start == "cold":  # a resumed one boots none, whatever it says later
                    timeline.mark("kernel")

            channel = Channel(agent.fileno(), agent.fileno(), watch={console.fileno(): on_console})
            session = Session(channel, timeline.clock)
            instance = QemuInstance(process, qmp, folder, session, timeline)
            instance.port = port
            yield instance


def diagnose(folder: Path) -> str:
    """The end of QEMU's own output and of the guest's console."""
    said = _end_of(folder / "qemu.log")
    console = _end_of(folder / "console.log")
    parts = [f"QEMU said:\n{said}"] if said else []
    if console:
        parts.append(f"the console's last lines:\n{console}")
    else:
        parts.append("the guest's console is empty: its kernel has said nothing")
    return "\n".join(parts)


def _end_of(file: Path) -> str:
    with suppress(OSError):
        return last_lines(file.read_text(errors="replace"), 30)
    return ""


def _go(qmp: Qmp, folder: Path) -> None:
    """Lets the machine run; one that loads a saved state must have loaded it first."""
    loading = ("inmigrate",)
    if not wait_until(
        lambda: qmp.status() not in loading, timeout=CONNECT_TIMEOUT_S, interval=0.005
    ):
        raise BackendError("QEMU did not load the saved state", details=diagnose(folder))
    qmp.execute("cont")


def _wait_for_sockets(process: subprocess.Popen[bytes], folder: Path) -> None:
    sockets = [folder / name for name in ("console", "agent", "qmp")]
    wait_until(
        lambda: process.poll() is not None or all(path.exists() for path in sockets),
        timeout=CONNECT_TIMEOUT_S,
        interval=0.002,
    )
    if process.poll() is not None or not all(path.exists() for path in sockets):
        raise BackendError("QEMU did not make the machine", details=diagnose(folder))


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise BackendError("QEMU's serial port does not answer", details=str(error)) from error
    return connection
