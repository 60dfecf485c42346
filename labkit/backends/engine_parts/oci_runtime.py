"""What `runc` and `crun` share: an OCI bundle, made and started by a runtime that then is gone.

`create` makes namespaces, control group and mounts and stops before the program; `start` lets it
run: OCI runtime specification, runtime.md, «Lifecycle». This is how containerd's shim calls them.
The container's process keeps the pipes that `create` was given.
"""

from __future__ import annotations

import resource
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

import psutil

from labkit.backends.engine_parts import oci_groups
from labkit.backends.engine_parts.base import EnginePartBackend
from labkit.backends.engine_parts.oci import write_bundle
from labkit.backends.instance import STOP_TIMEOUT_S, Instance, Meter
from labkit.backends.piped import first_line, instance_name, piped, session_with
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system import cgroups, owned_files
from labkit.system.clock import wait_until
from labkit.system.owner_marks import TEMP_PREFIX, mark_in, scratch_folder
from labkit.system.ownership import Judge
from labkit.system.process import last_lines, run, wait_for

CREATE_TIMEOUT_S = 30.0


class OciInstance(Instance):
    """A container whose runtime has ended: its first process is nobody's child here."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        folder: Path,
        name: str,
        runtime: Meter,
        timeline: Timeline,
    ) -> None:
        super().__init__(session_with(process, timeline), timeline)
        self._pid = int((folder / "pid").read_text(encoding="utf-8"))
        self._log = folder / "stderr.log"
        self._cgroup, self._cpu_cgroup = cgroups.of_process(self._pid, name)
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
        text = self._log.read_text(encoding="utf-8", errors="replace")
        if oci_groups.out_of_memory_kills(self._cgroup):
            text += "\nthe kernel ended it: it used more memory than its limit"
        return text


class OciRuntimeBackend(EnginePartBackend):
    about_s = 0.4
    instance: ClassVar[type[OciInstance]] = OciInstance

    def version(self) -> str:
        return first_line(self._argv("--version"))

    def cautions(self) -> tuple[str, ...]:
        return oci_groups.cautions()

    def _argv(self, *words: str) -> list[str]:
        """The runtime's command line."""
        return [self.base, *words]

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = instance_name()
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            write_bundle(image, limits, folder, name)
            before = _children_cpu_s()
            stack.callback(self._delete, folder / self.base, name)
            process = stack.enter_context(self._create(folder, name))
            timeline.mark("created")
            self._call(folder / self.base, "start", name)
            timeline.mark("started")
            spent = Meter(self.base, "helper", (), spent_s=_children_cpu_s() - before)
            yield self.instance(process, folder, name, spent, timeline)

    @contextmanager
    def _create(self, folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """`create`, ended: what holds its pipes from then on is the container."""
        words = ("--bundle", str(folder), "--pid-file", str(folder / "pid"), name)
        argv = self._argv("--root", str(folder / self.base), "create", *words)
        log = folder / "stderr.log"
        with piped(argv, log) as process:
            if not wait_for(process, CREATE_TIMEOUT_S) or process.returncode != 0:
                raise BackendError(
                    f"{self.base} did not create the container",
                    details=last_lines(log.read_text(encoding="utf-8", errors="replace")),
                )
            yield process

    def _call(self, state: Path, *words: str) -> str:
        return run(self._argv("--root", str(state), *words)).stdout

    def _delete(self, state: Path, name: str) -> None:
        """Kills what still runs; removes control group and state. One never made is fine."""
        done = run(self._argv("--root", str(state), "delete", "--force", name), check=False)
        oci_groups.sweep_named(name)
        if any(state.glob(f"{name}*")):
            raise BackendError(
                f"{self.base} did not remove the container {name}",
                details=last_lines(done.stderr),
                resolution=shlex.join(self._argv("--root", str(state), "delete", "--force", name)),
            )

    def sweep(self, judge: Judge) -> list[str]:
        """The runtime's records lie in the temporary folders of the labs that were killed."""
        paths = Path(tempfile.gettempdir()).glob(f"{TEMP_PREFIX}*-*-*/{self.base}/{TEMP_PREFIX}*")
        # A folder of the container's name; gVisor has files that begin with it.
        states = dict.fromkeys(path.with_name(path.name.partition("_")[0]) for path in paths)
        left = [state for state in states if self._is_left(state, judge)]
        for state in left:
            self._delete(state.parent, state.name)
        return [f"container {state.name}" for state in left] + oci_groups.sweep(judge)

    def _is_left(self, state: Path, judge: Judge) -> bool:
        """In folders of our own only: what stands in them, the runtime does."""
        if not all(map(owned_files.is_mine, (state.parent, state.parent.parent))):
            return False
        by_hand = self._argv("--root", str(state.parent), "delete", "--force", state.name)
        return judge.takes(mark_in(state.name), f"container {state.name}", by_hand)


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
