"""Backend `xen`: a paravirtual domain of Xen, by xl(1), beside the Linux that commands it (dom0).

Xen runs on the hardware, and this Linux on Xen: a hypervisor of type 1 (Barham et al. 2003, "Xen
and the Art of Virtualization"). The processor executes the domain's instructions; its kernel calls
Xen for what only Xen may do. The agent is on the domain's console. xl.cfg(5).
"""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import psutil

from labkit.backends.base import Backend, Missing
from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.piped import first_line, image_refused, instance_name, plain_path
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, CommandError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.system.clock import wait_until
from labkit.system.host import cpu_set
from labkit.system.owner_marks import mark_in, scratch_folder
from labkit.system.ownership import Judge
from labkit.system.process import as_root, find_tool, last_lines, run

CAPABILITIES = Path("/proc/xen/capabilities")
KIND = Path("/sys/hypervisor/type")
HOW = "install Xen (Debian: apt-get install xen-system-amd64), and choose it at the next boot"
# Silent, since the console is the agent's.
EXTRA = "rdinit=/init LAB_PORT=hvc0 console=hvc0 loglevel=0 panic=-1 mitigations=off audit=0"
NO_PROCESS = "a domain is no process of this Linux: Xen gives it its memory and its processors"
CONSOLE_S = 10.0
ENDED = ("s", "c", "d")  # xl(1), "STATES": shut down, crashed, dying
SERVICES = {name: Path(f"/run/xen/{name}.pid") for name in ("xenstored", "xenconsoled")}
CAUTION = (
    "this Linux is a domain of Xen itself, so host is no bare process; Xen numbers processors in "
    "its own way, and a new domain may take memory from this Linux unless dom0_mem is set"
)


class XenInstance(Instance):
    is_machine = True

    def __init__(self, name: str, console: int, timeline: Timeline) -> None:
        super().__init__(Session(Channel(console, console), timeline.clock), timeline)
        self._name = name

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("domain", "instance", why=NO_PROCESS, told=partial(_told, self._name)),)

    def _wait_gone(self) -> None:
        if not wait_until(self._has_ended, timeout=STOP_TIMEOUT_S):
            raise GuestTimeout("the domain did not end")

    def _has_ended(self) -> bool:
        """What xl does not tell is not known to have ended."""
        with suppress(CommandError):
            state = _states().get(self._name, "d")
            return any(letter in state for letter in ENDED)
        return False

    def _diagnosis(self) -> str:
        try:
            return f"its state, as xl list has it: {_states().get(self._name, 'gone')}"
        except CommandError as error:
            return f"xl does not tell its state: {error.brief}"


class XenBackend(Backend):
    name = "xen"
    family = "hypervisor"
    by_default = False
    about_s = 2.0
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": "the lab does not save a domain",
        "control group": "Xen itself limits a domain's memory and processors",
        "disk": "the lab gives a domain no disk",
        "milestone kernel": "its console is the agent's, so that its kernel is silent",
    }

    def missing(self) -> Missing | None:
        if (refused := image_refused()) is not None:
            return refused
        if any(find_tool(tool) is None for tool in ("xl", "xenstore-read")):
            return Missing("xl or xenstore-read is not installed", HOW)
        try:
            if KIND.read_text(encoding="ascii").strip() != "xen":
                return Missing("this Linux does not run on Xen", HOW)
        except OSError:
            return Missing("this Linux does not run on Xen", HOW)
        services = "start Xen's services: systemctl start xen"
        try:
            if "control_d" not in CAPABILITIES.read_text(encoding="ascii"):
                return Missing(
                    "this Linux is a domain of Xen that may not make others",
                    "run the lab in Xen's first domain",
                )
        except OSError:
            return Missing("there is no /proc/xen/capabilities", services)
        if os.geteuid():
            return Missing("only root may make a domain", as_root("run --backends xen"))
        try:
            _states()
        except CommandError as error:
            return Missing(f"xl does not reach Xen: {last_lines(error.details, 1)}", services)
        return None

    def version(self) -> str:
        return f"Xen {first_line(['xl', 'info', 'xen_version'])}"

    def engine(self, image: LabImage | None) -> Engine:
        return "xen-pv"

    def cautions(self) -> tuple[str, ...]:
        return (CAUTION,)

    def services(self) -> tuple[Meter, ...]:
        """The programs of dom0 that serve all domains."""
        return tuple(
            Meter(name, "services", (pid,)) for name in SERVICES if (pid := _service(name))
        )

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            files = stack.enter_context(plain_path(image.kernel.parent))
            boot = (files / image.kernel.name, files / image.initramfs.name)
            text = configuration(name, *boot, limits)
            (folder / "domain.cfg").write_text(text, encoding="utf-8")
            stack.callback(_destroy, name)
            # -e: no process of xl's, with a log in /var/log, waits for the domain's end.
            run(["xl", "create", "-p", "-e", str(folder / "domain.cfg")], timeout=60)
            console = stack.enter_context(_console(name))
            timeline.mark("created")
            run(["xl", "unpause", name], timeout=10)
            timeline.mark("started")
            yield XenInstance(name, console, timeline)

    def sweep(self, judge: Judge) -> list[str]:
        if find_tool("xl") is None or not CAPABILITIES.exists():
            return []
        removed = []
        for name in _states():
            by_hand = ["xl", "destroy", name]
            if judge.takes(mark_in(name), f"the domain {name}", by_hand):
                _destroy(name)
                removed.append(f"domain {name}")
        return removed


def configuration(name: str, kernel: Path, initramfs: Path, limits: Limits) -> str:
    """xl.cfg(5). Its memory and processors are what it is made with."""
    lines = {
        "name": name,
        "type": "pv",
        "kernel": kernel,
        "ramdisk": initramfs,
        "extra": EXTRA,
        "cpus": ",".join(map(str, cpu_set(limits.cpus))),
    }
    numbers = f"memory = {limits.memory_mib}\nvcpus = {limits.cpus}\n"
    return "".join(f'{word} = "{value}"\n' for word, value in lines.items()) + numbers


@contextmanager
def _console(name: str) -> Iterator[int]:
    """The domain's console, as a descriptor: xenconsoled makes a pseudo-terminal for each, and
    writes down its name (xl console copies from there to a terminal, which the lab is none)."""
    number = run(["xl", "domid", name], timeout=10).stdout.strip()
    place = ["xenstore-read", f"/local/domain/{number}/console/tty"]
    found: list[str] = []

    def is_there() -> bool:
        found.append(run(place, timeout=5, check=False).stdout.strip())
        return bool(found[-1])

    if not wait_until(is_there, timeout=CONSOLE_S):
        raise _no_console(f"nothing stands in xenstore's {place[1]}")
    try:
        descriptor = os.open(found[-1], os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _no_console(str(error)) from error
    try:
        _make_raw(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _make_raw(descriptor: int) -> None:
    try:
        tty.setraw(descriptor)
    except termios.error as error:
        raise _no_console(str(error)) from error


def _no_console(why: str) -> BackendError:
    return BackendError(
        "the domain has no console",
        details=why,
        resolution="look whether xenconsoled runs: systemctl status xen",
    )


def _rows() -> dict[str, list[str]]:
    """Domain → its columns of `xl list`: ID, Mem (MiB), VCPUs, State, Time (s, in tenths). Raises
    CommandError where xl does not answer."""
    lines = run(["xl", "list"], timeout=10).stdout.splitlines()[1:]
    return {fields[0]: fields[1:] for line in lines if len(fields := line.split()) == 6}


def _states() -> dict[str, str]:
    return {name: fields[3] for name, fields in _rows().items()}


def _destroy(name: str) -> None:
    """Raises CommandError where it is still there."""
    run(["xl", "destroy", name], timeout=30, check=False)
    if name in _states():
        raise CommandError(
            f"the domain {name} was not removed", resolution=f"by hand: xl destroy {name}"
        )


def _told(name: str) -> dict[str, Any]:
    """What Xen counts of it. Empty for a domain that has just ended."""
    with suppress(CommandError, ValueError, KeyError):
        _, mib, _, _, seconds = _rows()[name]
        return {"daemon_bytes": int(mib) << 20, "daemon_cpu_s": float(seconds)}
    return {}


def _service(name: str) -> int:
    """Its process id, if the process that its file names is it; else 0."""
    with suppress(OSError, ValueError, psutil.Error):
        pid = int(SERVICES[name].read_text(encoding="ascii"))
        return pid if name in psutil.Process(pid).name() else 0
    return 0
