"""Backend `xen`: a paravirtual domain of Xen, by xl(1), beside the Linux that commands it (dom0).

Xen runs on the hardware, and this Linux on Xen: a hypervisor of type 1 (Barham et al. 2003, "Xen
and the Art of Virtualization"). The processor executes the domain's instructions; its kernel calls
Xen for what only Xen may do. The agent is on the domain's console. xl.cfg(5).
"""

from __future__ import annotations

import os
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
from labkit.system.owner_marks import scratch_folder
from labkit.system.ownership import Judge
from labkit.system.process import find_tool, run

CAPABILITIES = Path("/proc/xen/capabilities")
HOW = "install Xen (Debian: apt-get install xen-system-amd64), and choose it at the next boot"
# Silent, since the console is the agent's.
EXTRA = "rdinit=/init LAB_PORT=hvc0 console=hvc0 loglevel=0 panic=-1 mitigations=off audit=0"
NO_PROCESS = "a domain is no process of this Linux: Xen gives it its memory and its processors"
CONSOLE_S = 10.0
SERVICES = {name: Path(f"/run/xen/{name}.pid") for name in ("xenstored", "xenconsoled")}


class XenInstance(Instance):
    is_machine = True

    def __init__(self, name: str, console: int, timeline: Timeline) -> None:
        super().__init__(Session(Channel(console, console), timeline.clock), timeline)
        self._name = name

    def meters(self) -> tuple[Meter, ...]:
        return (Meter("domain", "instance", why=NO_PROCESS, told=partial(_told, self._name)),)

    def _wait_gone(self) -> None:
        if not wait_until(lambda: self._name not in _domains(), timeout=STOP_TIMEOUT_S):
            raise GuestTimeout("the domain did not end")

    def _diagnosis(self) -> str:
        return "the domain still runs" if self._name in _domains() else "the domain is gone"


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
        if find_tool("xl") is None:
            return Missing("this Linux does not run on Xen: xl is not installed", HOW)
        try:
            if "control_d" not in CAPABILITIES.read_text(encoding="ascii"):
                return Missing("this Linux is a domain of Xen that may not make others", HOW)
            run(["xl", "list"], timeout=10)
        except OSError:
            return Missing("this Linux does not run on Xen: there is no /proc/xen", HOW)
        except CommandError as error:
            why = f"xl does not reach Xen: {error.details.strip() or error.brief}"
            return Missing(why, "be root, and start Xen's services: systemctl start xen")
        return None

    def version(self) -> str:
        return f"Xen {first_line(['xl', 'info', 'xen_version'])}"

    def engine(self, image: LabImage | None) -> Engine:
        return "xen-pv"

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
            run(["xl", "create", "-p", str(folder / "domain.cfg")], timeout=60)
            console = stack.enter_context(_console(name))
            timeline.mark("created")
            run(["xl", "unpause", name], timeout=10)
            timeline.mark("started")
            yield XenInstance(name, console, timeline)

    def sweep(self, judge: Judge) -> list[str]:
        removed = []
        for name in _domains():
            mark = name.removeprefix("labkit-").rpartition("-")[0]
            if judge.takes(mark, f"the domain {name}", ["xl", "destroy", name]):
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
        "on_crash": "destroy",
        "on_reboot": "destroy",
    }
    numbers = f"memory = {limits.memory_mib}\nvcpus = {limits.cpus}\n"
    return "".join(f'{word} = "{value}"\n' for word, value in lines.items()) + numbers


@contextmanager
def _console(name: str) -> Iterator[int]:
    """The domain's console, as a descriptor: xenconsoled makes a pseudo-terminal for each, and
    writes down its name (xl console copies from there to a terminal, which the lab is none)."""
    number = run(["xl", "domid", name], timeout=10).stdout.strip()
    place = ["xenstore-read", f"/local/domain/{number}/console/tty"]
    if not wait_until(lambda: run(place, check=False).returncode == 0, timeout=CONSOLE_S):
        raise BackendError(
            "the domain has no console",
            details=f"nothing stands in xenstore's {place[1]} after {CONSOLE_S:g} s",
            resolution="look whether xenconsoled runs: systemctl status xen",
        )
    descriptor = os.open(run(place).stdout.strip(), os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        tty.setraw(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _domains() -> list[str]:
    """The names of our kind; none where there is no Xen."""
    if find_tool("xl") is None or not CAPABILITIES.exists():
        return []
    with suppress(CommandError):
        rows = run(["xl", "list"], timeout=10).stdout.splitlines()
        return [row.split()[0] for row in rows if row.startswith("labkit-")]
    return []


def _destroy(name: str) -> None:
    with suppress(CommandError):  # it has ended by itself
        run(["xl", "destroy", name], timeout=30)


def _told(name: str) -> dict[str, Any]:
    """What Xen counts, by the columns of `xl list`: Name, ID, Mem (MiB), VCPUs, State, Time (s, in
    tenths). Empty for a domain that has just ended."""
    with suppress(CommandError, ValueError, IndexError):
        fields = run(["xl", "list", name], timeout=10).stdout.splitlines()[1].split()
        return {"daemon_bytes": int(fields[2]) << 20, "daemon_cpu_s": float(fields[-1])}
    return {}


def _service(name: str) -> int:
    """Its process id, if the process that its file names is it; else 0."""
    with suppress(OSError, ValueError, psutil.Error):
        pid = int(SERVICES[name].read_text(encoding="ascii"))
        return pid if name in psutil.Process(pid).name() else 0
    return 0
