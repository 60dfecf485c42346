"""vmrun, one method a command. See VMware's "Using vmrun to Control Virtual Machines"."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from labkit.errors import BackendError, CommandError, LabError
from labkit.system.clock import wait_until
from labkit.system.host import device_error
from labkit.system.process import Runner, find_tool, last_lines, run, spawn, with_root

VMRUN, MACHINE, DRIVER = "vmrun", "vmware-vmx", "/dev/vmmon"
FUSION = "/Applications/VMware Fusion.app/Contents/Library"
# What -T is told → what its users call it.
PRODUCTS = {"ws": "Workstation", "player": "Player", "fusion": "Fusion"}
TIMEOUT_S = 60.0
END_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Vmrun:
    """`product` is one of PRODUCTS; `runner` runs the command."""

    program: str
    product: str
    runner: Runner = run

    def argv(self, *words: object) -> list[str]:
        return [self.program, "-T", self.product, *map(str, words)]

    def version(self) -> str:
        """Without a command it says its version and how it is called, and fails."""
        said = self.runner([self.program], timeout=TIMEOUT_S, check=False).stdout
        found = re.search(r"^vmrun version (.+)$", said, re.MULTILINE)
        if found is None:
            raise BackendError("vmrun does not tell its version", details=last_lines(said, 6))
        return f"VMware {PRODUCTS[self.product]}, vmrun {found[1].strip()}"

    def start(self, vmx: Path, log: Path) -> subprocess.Popen[bytes]:
        """The command, which ends when the machine runs: its serial ports answer before that."""
        return spawn(self.argv("start", vmx, "nogui"), log=log)

    def stop(self, vmx: Path) -> None:
        self._do("switch the machine off", "stop", vmx, "hard")

    def delete(self, vmx: Path) -> None:
        """The machine, which does not run, and its files."""
        self._do("delete the machine", "deleteVM", vmx)

    def running(self) -> list[Path]:
        """The configuration files of all machines of this user that run."""
        said = self._do("list the machines", "list")
        head, *paths = said.strip().replace("\r", "").split("\n")  # a name may hold U+2028
        if head.strip() != f"Total running VMs: {len(paths)}":
            raise BackendError("vmrun's list cannot be understood", details=last_lines(said, 6))
        return [Path(path) for path in paths]

    def runs(self, vmx: Path) -> bool:
        """By its processes, or by vmrun's list where that can be had: another user's processes
        may not be seen, and vmrun may fail. Never raises an error of the lab's."""
        if processes(vmx):
            return True
        with suppress(LabError):
            return vmx in self.running()
        return False

    def end(self, vmx: Path) -> bool:
        """Ends the machine by all means; whether it is gone. Never raises an error of the lab's."""
        refused = False
        with suppress(LabError):
            if refused := vmx in self.running():
                self.stop(vmx)
                refused = False
        left = processes(vmx)
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        wait_gone(vmx, END_TIMEOUT_S)
        return not processes(vmx) and (not refused or bool(left))

    def _do(self, what: str, *words: object) -> str:
        """What it said. It complains on its standard output."""
        try:
            done = self.runner(self.argv(*words), timeout=TIMEOUT_S, check=False)
        except CommandError as error:
            raise refusal(what, str(error)) from error
        if done.returncode != 0 or done.stdout.startswith("Error:"):
            raise refusal(what, last_lines(f"{done.stdout}\n{done.stderr}", 6))
        return done.stdout


def find_vmrun() -> Vmrun | None:
    program = find_tool(VMRUN) or find_tool(f"{FUSION}/{VMRUN}")
    return Vmrun(program, _product()) if program else None


def processes(vmx: Path) -> list[psutil.Process]:
    """Those that are proven to be this machine: its program, told this very file, which lies in a
    folder of the lab's own. It is set-uid, so that its environment is root's alone to read."""
    found = []
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if (process.info["name"] or "").startswith(MACHINE) and str(vmx) in process.cmdline():
                found.append(process)
    return found


def wait_gone(vmx: Path, timeout: float) -> bool:
    return wait_until(lambda: not processes(vmx), timeout=timeout, interval=0.01)


def refusal(what: str, details: str) -> BackendError:
    resolution = "labkit doctor tells whether vmrun is well; labkit clean removes what is left"
    if sys.platform == "linux" and isinstance(device_error(DRIVER), FileNotFoundError):
        details += f"\nVMware's kernel driver is not loaded ({DRIVER} is not there)"
        resolution = with_root("vmware-modconfig --console --install-all")
    return BackendError(f"VMware could not {what}", details=details, resolution=resolution)


def _product() -> str:
    if sys.platform == "darwin":
        return "fusion"
    return "player" if find_tool("vmplayer") and not find_tool("vmware") else "ws"
