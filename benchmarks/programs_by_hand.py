"""What real programs report in the lab, checked by hand: the same programs of the same image, with
the same options, started without the lab's agent, workloads and clients.

Behind host by the image's own loader, behind docker by `docker run` and `docker exec`, behind qemu
by a machine whose first process they are (qemu_by_hand.py); on the same processor and with the same
limit of memory. By hand and by the lab take turns, in random order, so
that what drifts on the computer meets both alike. For each figure: medians, and the ratio of both
with its 95 % interval, which holds 1 where these trials cannot tell the lab from the hand.
"""

from __future__ import annotations

import argparse
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import qemu_by_hand

from labkit import units
from labkit.backends.base import Backend
from labkit.backends.engine_parts.docker_cli import run_command
from labkit.backends.piped import instance_name
from labkit.backends.table import make_backend
from labkit.backends.timeline import Timeline
from labkit.guest.programs import Metric, metrics_of
from labkit.guest.workload import parse_task
from labkit.image import LabImage
from labkit.image.host_programs import program_argv
from labkit.measure.program_work import ProgramWork
from labkit.measure.session import opened
from labkit.measure.web.client import wait_for_answer
from labkit.recordings.facts import Limits
from labkit.recordings.words import Engine
from labkit.stats.bootstrap import ratio_interval
from labkit.system.clock import HostClock, wait_until
from labkit.system.host import cpu_set
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import LOOPBACK, reserved_port
from labkit.system.process import end, run, spawn
from labkit.text_table import aligned

SECONDS = 3
LIMITS = Limits(memory_mib=512)
SERVED = Limits(memory_mib=512, network=True)
CPUS = ",".join(map(str, cpu_set(1)))
# Workload → the figures that are compared.
FIGURES = {"fio": ("iops", "mean"), "redis": ("set", "get"), "nginx": ("requests", "p95")}
FIO = "--name=lab --filename=data --size=32m --rw=randread --bs=4k --direct=1 --ioengine=psync "
FIO += f"--thread --output-format=json --time_based --runtime={SECONDS} --invalidate=1 --pre_read=0"
SERVER = ["--appendonly", "no", "--port", "0", "--unixsocket", "redis.sock", "--dir", ".", "--save"]
ASK = ["-s", "redis.sock", "-t", "set,get", "-n", "100000", "-c", "10", "--csv"]
NGINX = """daemon off; master_process off; user root; pid pid; error_log stderr;
events { worker_connections 256; }
http { access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fast;
uwsgi_temp_path uwsgi; scgi_temp_path scgi;
server { listen ADDRESS backlog=511; root ROOT; } }
"""
PAGE = "<!doctype html><title>lab</title><p>This page comes from nginx."
Hand = Callable[[LabImage], str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--programs", default=",".join(FIGURES))
    parser.add_argument("--backends", default="host,docker,qemu")
    options = parser.parse_args()
    names = options.programs.split(",")
    packages = [package for name in names for package in parse_task(name).workload.packages]
    rows: list[list[str]] = []
    with opened(
        options.backends.split(","), limits=SERVED, network=True, packages=packages
    ) as session:
        for name in names:
            for backend in session.backends.values():
                rows += compared(name, backend, session.image, options.rounds)
    print("\n".join(aligned([("", "n", "by hand", "by the lab", "lab / hand"), *rows])))


def compared(name: str, backend: Backend, built: LabImage, rounds: int) -> Iterator[list[str]]:
    by_hand: Mapping[tuple[str, str], Hand] = {
        ("fio", "host"): fio_host,
        ("fio", "docker"): fio_docker,
        ("fio", "qemu"): fio_qemu,
        ("redis", "host"): redis_host,
        ("redis", "docker"): redis_docker,
        ("redis", "qemu"): redis_qemu,
        ("nginx", "host"): nginx_host,
        ("nginx", "docker"): nginx_docker,
        ("nginx", "qemu"): nginx_qemu,
    }
    ways: dict[str, Callable[[], str]] = {
        "hand": lambda: by_hand[name, backend.name](built),
        "lab": lambda: by_the_lab(name, backend, built),
    }
    found: dict[str, list[dict[str, Metric]]] = {way: [] for way in ways}
    program = parse_task(name).workload.program
    for _ in range(rounds):
        for way in random.sample(list(ways), 2):
            found[way].append({one.name: one for one in metrics_of(program, ways[way]())})
    for figure in FIGURES[name]:
        hand, lab = ([one[figure].value for one in found[way]] for way in ("hand", "lab"))
        scale = units.METRICS[found["lab"][0][figure].unit]
        medians = [units.text(sorted(side)[len(side) // 2], scale) for side in (hand, lab)]
        ratio = units.with_interval(*ratio_interval(lab, hand), units.ratio)
        yield [f"{backend.name}, {name} {figure}", str(rounds), *medians, ratio]


def by_the_lab(name: str, backend: Backend, built: LabImage) -> str:
    task = parse_task(name)
    limits = SERVED if task.workload.network else LIMITS
    with backend.launch(built, limits, Timeline(HostClock())) as instance:
        instance.wait_ready()
        work = ProgramWork(instance, task, SECONDS, built.rootfs)
        instance.run(work.request(), work.ask)
        report = work.read(1, backend.name)
        instance.stop()
    return report.text


def fio_host(built: LabImage) -> str:
    with scratch_folder() as folder:
        return said(on_the_host(built, "fio", *FIO.split()), folder)


def fio_docker(built: LabImage) -> str:
    return said(in_docker(built, instance_name(), ["--rm"], "fio", *FIO.split()))


def engine(built: LabImage) -> Engine:
    """The one that the lab would take."""
    return make_backend("qemu").engine(built)


def fio_qemu(built: LabImage) -> str:
    disk = "mkdir d; $bb mke2fs /dev/nvme0n1 >/dev/null; $bb mount -t ext2 /dev/nvme0n1 d; cd d"
    return qemu_by_hand.report(built, engine(built), LIMITS, f"$bb {disk}\nfio {FIO}")


def redis_host(built: LabImage) -> str:
    with (
        scratch_folder() as folder,
        background(on_the_host(built, "redis-server", *SERVER, ""), folder),
    ):
        assert wait_until((folder / "redis.sock").exists, timeout=30)
        return said(on_the_host(built, "redis-benchmark", *ASK), folder)


def redis_docker(built: LabImage) -> str:
    name = instance_name()
    with removed(name):
        said(in_docker(built, name, ["--detach"], "redis-server", *SERVER, ""))
        run(["docker", "exec", name, "/bin/busybox", "sleep", "1"])
        return said(["docker", "exec", name, "/usr/bin/redis-benchmark", *ASK])


def redis_qemu(built: LabImage) -> str:
    server = f"redis-server {' '.join(SERVER)} '' >log &\nuntil [ -S redis.sock ]; do :; done"
    fewer = " ".join(ASK).replace("100000", "10000")  # an emulator takes long
    body = f"{server}\n$bb sleep 1\nredis-benchmark {fewer}"
    return qemu_by_hand.report(built, engine(built), LIMITS, body)


def nginx_host(built: LabImage) -> str:
    with scratch_folder() as folder, reserved_port() as port:
        write_site(folder, f"{LOOPBACK}:{port}", "www")
        words = ["-e", "stderr", "-p", ".", "-c", "nginx.conf"]
        with background(on_the_host(built, "nginx", *words), folder):
            return asked(built, port)


def nginx_docker(built: LabImage) -> str:
    name = instance_name()
    with scratch_folder() as folder, removed(name):
        folder.chmod(0o755)
        write_site(folder, "8080", "/site/www")
        more = ["--detach", "--publish", f"{LOOPBACK}::8080", "--volume", f"{folder}:/site:ro"]
        words = ["-e", "stderr", "-p", ".", "-c", "/site/nginx.conf"]
        said(in_docker(built, name, more, "nginx", *words, network="bridge"))
        return asked(built, int(said(["docker", "port", name, "8080"]).rpartition(":")[2]))


def nginx_qemu(built: LabImage) -> str:
    site = NGINX.replace("ADDRESS", "8080").replace("ROOT", "www")
    files = f"$bb mkdir www\necho '{PAGE}' >www/index.html\necho '{site}' >nginx.conf"
    body = f"{files}\nnginx -e stderr -p . -c nginx.conf"
    with reserved_port() as port, qemu_by_hand.machine(built, engine(built), SERVED, body, port):
        return asked(built, port)


def write_site(folder: Path, address: str, root: str) -> None:
    (folder / "www").mkdir()
    (folder / "www/index.html").write_text(PAGE, encoding="utf-8")
    text = NGINX.replace("ADDRESS", address).replace("ROOT", root)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")


def asked(built: LabImage, port: int) -> str:
    """ab, on whichever processors there are, as the lab's own client."""
    wait_for_answer(port, HostClock())
    with scratch_folder() as folder:
        words = f"-q -r -t {SECONDS} -n 1000000 -c 4 -e percentiles".split()
        text = said(
            [*program_argv(built.rootfs, "ab"), *words, f"http://{LOOPBACK}:{port}/"], folder
        )
        return text + (folder / "percentiles").read_text(encoding="utf-8")


def on_the_host(built: LabImage, program: str, *words: str) -> list[str]:
    loader, *rest = program_argv(built.rootfs, program)
    libraries = rest.index("--library-path") + 1
    rest[libraries] += f":{rest[libraries]}/ceph"  # where fio has one of its own
    return ["taskset", "--cpu-list", CPUS, loader, *rest, *words]


def in_docker(
    built: LabImage,
    name: str,
    more: Sequence[str],
    program: str,
    *words: str,
    network: str = "none",
) -> list[str]:
    chosen = {"network": network, "security": "hardened", "seccomp": "default", "rm": "no"}
    *command, tag = run_command(built, LIMITS, name, chosen)
    more = [*more, "--workdir", "/scratch", "--env", "PATH=/usr/bin:/usr/sbin"]
    return [*command, *more, "--entrypoint", program, tag, *words]


def said(argv: Sequence[str], folder: Path | None = None) -> str:
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True).stdout


@contextmanager
def background(argv: Sequence[str], folder: Path) -> Iterator[None]:
    with ExitStack() as stack:
        null = stack.enter_context((folder / "log").open("wb"))
        process = spawn(argv, cwd=folder, stdout=null, stderr=null)
        stack.callback(end, process)
        yield


@contextmanager
def removed(name: str) -> Iterator[None]:
    try:
        yield
    finally:
        run(["docker", "rm", "--force", "--volumes", name], check=False)


if __name__ == "__main__":
    main()
