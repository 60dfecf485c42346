"""What `runc` and `crun` share: an OCI bundle, made and started by a runtime that then is gone.

`create` makes namespaces, control group and mounts and stops before the program; `start` lets it
run: OCI runtime specification, runtime.md, «Lifecycle». This is how containerd's shim calls them.
The container's process keeps the pipes that `create` was given.
"""

from __future__ import annotations

import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from labkit import cgroups
from labkit.backends import oci_groups
from labkit.backends.base import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.layer import LayerBackend
from labkit.backends.oci import write_bundle
from labkit.backends.piped import first_line, instance_name, piped, session_with
from labkit.errors import BackendError, GuestTimeout
from labkit.image import LabImage
from labkit.process import (
    TEMP_PREFIX,
    last_lines,
    mark_in,
    run,
    scratch_folder,
    wait_for,
    wait_until,
)
from labkit.records import Limits
from labkit.timeline import Timeline

CREATE_TIMEOUT_S = 30.0


class OciInstance(Instance):
    """A container whose runtime has ended: its first process is nobody's child here."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        folder: Path,
        runtime: Meter,
        timeline: Timeline,
    ) -> None:
        super().__init__(session_with(process, timeline), timeline)
        self._pid = int((folder / "pid").read_text())
        self._log = folder / "stderr.log"
        self._cgroup, self._cpu_cgroup = cgroups.of_process(self._pid)
        self._runtime = runtime

    def meters(self) -> tuple[Meter, ...]:
        container = Meter(
            "container",
            "instance",
            (self._pid,),
            cgroup=self._cgroup,
            cpu_cgroup=self._cpu_cgroup,
        )
        return container, self._runtime

    def _wait_gone(self) -> None:
        if not wait_until(lambda: _ended(self._pid), timeout=STOP_TIMEOUT_S, interval=0.002):
            raise GuestTimeout("the container did not end")

    def _diagnosis(self) -> str:
        text = self._log.read_text(errors="replace")
        if oci_groups.out_of_memory_kills(self._cgroup):
            text += "\nthe kernel ended it: it used more memory than its limit"
        return text


class OciRuntimeBackend(LayerBackend):
    about_s = 0.4

    def version(self) -> str:
        return first_line(self._argv("--version"))

    def _argv(self, *words: str) -> list[str]:
        """The runtime's command line."""
        return [self.name, *words]

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            write_bundle(image, limits, folder, name)
            before = _children_cpu_s()
            stack.callback(self._delete, folder / self.name, name)
            process = stack.enter_context(self._create(folder, name))
            timeline.mark("created")
            self._call(folder / self.name, "start", name)
            timeline.mark("started")
            spent = Meter(self.name, "helper", (), spent_s=_children_cpu_s() - before)
            yield OciInstance(process, folder, spent, timeline)

    @contextmanager
    def _create(self, folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """`create`, ended: what holds its pipes from then on is the container."""
        words = ("--bundle", str(folder), "--pid-file", str(folder / "pid"), name)
        argv = self._argv("--root", str(folder / self.name), "create", *words)
        log = folder / "stderr.log"
        with piped(argv, log) as process:
            if not wait_for(process, CREATE_TIMEOUT_S) or process.returncode != 0:
                raise BackendError(
                    f"{self.name} did not create the container",
                    details=last_lines(log.read_text(errors="replace")),
                )
            yield process

    def _call(self, state: Path, *words: str) -> str:
        return run(self._argv("--root", str(state), *words)).stdout

    def _delete(self, state: Path, name: str) -> None:
        """Kills what still runs; removes control group and state. One never made is fine."""
        done = run(self._argv("--root", str(state), "delete", "--force", name), check=False)
        oci_groups.sweep_named(name)
        if (state / name).exists():
            raise BackendError(
                f"{self.name} did not remove the container {name}",
                details=last_lines(done.stderr),
                resolution="labkit clean",
            )

    def sweep(self, abandoned: Callable[[str], bool]) -> list[str]:
        """The runtime's records lie in the temporary folders of the labs that were killed."""
        found = Path(tempfile.gettempdir()).glob(f"{TEMP_PREFIX}*-*-*/{self.name}/{TEMP_PREFIX}*")
        left = [folder for folder in found if abandoned(mark_in(folder.name))]
        for folder in left:
            self._delete(folder.parent, folder.name)
        return [f"container {folder.name}" for folder in left] + oci_groups.sweep(abandoned)


def _children_cpu_s() -> float:
    """CPU time of all children that this process has waited for: getrusage(2)."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for its parent to take notice."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
