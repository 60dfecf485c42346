"""What the lab starts, started without the lab: by hyperfine, with the same command lines.

Each start lasts until the agent's first line has arrived. hyperfine's standard input is empty, so
an agent ends after its first line; what does not end by itself is ended here.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil

from labkit.backends.base import Backend
from labkit.backends.docker.backend import DockerBackend
from labkit.backends.engine_parts import mounts
from labkit.backends.engine_parts.chroot import ChrootBackend
from labkit.backends.engine_parts.containerd import _ctr, _delete
from labkit.backends.engine_parts.docker_cli import run_command
from labkit.backends.engine_parts.oci import AGENT, write_bundle
from labkit.backends.engine_parts.oci_runtime import OciRuntimeBackend
from labkit.backends.engine_parts.unshare import ENTER, NAMESPACES, UnshareBackend
from labkit.backends.piped import instance_name
from labkit.backends.qemu.backend import QemuBackend
from labkit.backends.qemu.command import SOCKETS, boots, command, make_disk
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.owner_marks import scratch_folder
from labkit.system.process import run

LIMITS = Limits()
Start = Callable[[], float]


def starts(name: str, backend: Backend, built: LabImage) -> dict[str, Start]:
    """What hyperfine starts for a backend → one start of it, in seconds."""
    match backend:
        case DockerBackend():
            return {f"docker run, as {name}": partial(docker_run, backend, built)}
        case QemuBackend():
            disks = {"qemu command": True, "qemu, no disk": False}
            return {
                text: partial(qemu_command, backend, built, disk=disk)
                for text, disk in disks.items()
            }
        case ChrootBackend():
            return {"chroot command": partial(chroot_command, built)}
        case UnshareBackend():
            return {"unshare command": partial(unshare_command, built)}
        case OciRuntimeBackend():
            return {f"{name} create, start": partial(runtime_commands, backend, built)}
    return {"ctr run": partial(ctr_run, built)} if name == "containerd" else {}


def docker_run(backend: DockerBackend, built: LabImage) -> float:
    name = instance_name()
    try:
        return first_line(shlex.join(run_command(built, LIMITS, name, backend.chosen)))
    finally:
        run(["docker", "rm", "--force", "--volumes", name], check=False)


def ctr_run(built: LabImage) -> float:
    name = instance_name()
    with scratch_folder() as folder:
        write_bundle(built, LIMITS, folder, name)
        words = _ctr("run", "--rm", "--config", str(folder / "config.json"), name)
        try:
            return first_line(shlex.join(words))
        finally:
            _delete(name)


def runtime_commands(backend: OciRuntimeBackend, built: LabImage) -> float:
    name = instance_name()
    with scratch_folder() as folder:
        write_bundle(built, LIMITS, folder, name)
        words = backend._argv("--root", str(folder / backend.name))
        create = shlex.join([*words, "create", "--bundle", str(folder), name])
        try:
            return first_line(f"{create} && {shlex.join([*words, 'start', name])}")
        finally:
            run([*words, "delete", "--force", name], check=False)


def chroot_command(built: LabImage) -> float:
    with scratch_folder() as folder, mounts.mounted_root(built, folder) as root:
        return first_line(f"exec {shlex.join(['chroot', str(root), *AGENT])}")


def unshare_command(built: LabImage) -> float:
    with scratch_folder() as folder:
        env = mounts.environment(built, folder) | {"LIMIT_KIB": str(LIMITS.memory_mib * 1024)}
        words = ["unshare", *NAMESPACES, "--fork", "--kill-child", env["BUSYBOX"], "sh", "-c"]
        return first_line(f"{_assignments(env)} exec {shlex.join([*words, ENTER])}")


def qemu_command(backend: Backend, built: LabImage, *, disk: bool) -> float:
    """The lab's command line, but for what needs a client: the agent's serial port is standard
    output instead of a socket, the others lead nowhere, and the machine is not halted at first
    (-S)."""
    with scratch_folder() as folder:
        words = [*machine_words(backend, built, folder, disk=disk), "-pidfile"]
        try:
            return first_line(f"exec {shlex.join([*words, str(folder / 'pid')])}")
        finally:
            _end(folder / "pid")


def machine_words(backend: Backend, built: LabImage, folder: Path, *, disk: bool) -> list[str]:
    engine = backend.engine(built)
    words = command(engine, built, LIMITS, folder, dict.fromkeys(SOCKETS, 0))
    words += boots(engine, built, LIMITS)
    words.remove("-S")
    words = ["stdio,id=agent" if "id=agent" in word else word for word in words]
    words = [word.replace("socket,", "null,").replace(",fd=0", "") for word in words]
    return [*words, *(make_disk(folder / "scratch.raw", LIMITS) if disk else ())]


def first_line(starter: str) -> float:
    """Seconds until the first line of what some shell starts, by hyperfine. bash does not wait
    for the end of a process substitution, so the time ends with the line."""
    script = f"read -r line < <({{ {starter}; }} 2>/dev/null) && [[ $line == LABKIT/* ]]"
    with scratch_folder() as folder:
        file = folder / "times.json"
        options = ["--style=none", "--runs=1", "--shell=none", f"--export-json={file}"]
        run(["hyperfine", *options, shlex.join(["bash", "-c", script])], timeout=120)
        return float(json.loads(file.read_text())["results"][0]["times"][0])


def _assignments(env: Mapping[str, str]) -> str:
    return " ".join(f"{key}={shlex.quote(value)}" for key, value in env.items())


def _end(pidfile: Path) -> None:
    with suppress(OSError, ValueError, psutil.Error):
        process = psutil.Process(int(pidfile.read_text()))
        process.kill()
        process.wait(10)
