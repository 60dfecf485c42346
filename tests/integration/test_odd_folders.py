"""Every backend and every command where each folder's name has in it what a shell, a list of
options, a URL or a search path takes for something else. Next to it lies a file named by the part
before the space, which must stay as it is."""

from __future__ import annotations

import csv
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import labkit
from labkit.backends.base import Backend
from labkit.backends.table import BACKENDS
from labkit.image import LabImage
from labkit.system.paths import cache_dir, state_dir
from tests.conftest import ready_backend
from tests.kubernetes.built import BUILD_TIMEOUT_S
from tests.kubernetes.settings import Cluster

LABKIT = str(Path(sys.executable).with_name("labkit"))
# Short: VirtualBox's sockets lie below it, and their paths have 107 bytes at most.
NAME, BEFORE_THE_SPACE = "- ,'\"$;%:한", "-"
CONTENT = "somebody's"
ONCE = ("--repeats", "1", "--warmups", "0")
# What is run together, in one run each: starting the command takes longer than most trials.
TOGETHER = {
    "host": ["host", "chroot", "unshare", "crun", "runc"],
    "bubblewrap": ["bubblewrap", "firejail", "nspawn", "lxc", "podman", "runsc", "uml"],
    "docker": ["docker", "docker-cli", "containerd"],
    "qemu": ["qemu", "qemu-resumed"],
}
MARKED = [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("docker", "qemu")]
EXPERIMENTS = [
    ("isolation", "--backends", "docker"),
    ("docker-internals", "--trials", "2"),
    ("images", "--parts", "layers"),
]


class Odd:
    """The folders, and the command as it runs with them; by relative paths, which begin with a
    dash, or by whole ones."""

    def __init__(self, base: Path, *, relative: bool = False) -> None:
        self.base, self.folder = base, base / NAME
        self.cache, self.temporary, self.out = (self.folder / name for name in "cto")
        self._start = NAME if relative else str(self.folder)
        folders = {"TMPDIR": "t", "LABKIT_CACHE": "c", "LABKIT_STATE": "s"}
        self._environment = {key: f"{self._start}/{name}" for key, name in folders.items()}

    def labkit(self, *words: str, status: tuple[int, ...] = (0,), timeout: float = 280) -> str:
        """What it prints; it must touch nothing beside its folders, and leave nothing."""
        done = subprocess.run(
            [LABKIT, *words],
            env={**os.environ, **self._environment},
            cwd=self.base,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode in status, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"
        assert (self.base / BEFORE_THE_SPACE).read_text() == CONTENT
        assert {path.name for path in self.base.iterdir()} == {NAME, BEFORE_THE_SPACE}
        assert {path.name for path in self.folder.iterdir()} <= set("csto")
        assert list(self.temporary.iterdir()) == []
        return done.stdout + done.stderr

    def run(self, *backends: str, words: tuple[str, ...], timeout: float = 280) -> Path:
        """A run's folder. Where a trial fails, the command ends with another status."""
        name = f"run-{'-'.join(backends)}"
        words = ("--backends", ",".join(backends), *ONCE, *words, f"--out={self._start}/o/{name}")
        self.labkit("run", *words, timeout=timeout)
        assert (self.out / name / "report.html").is_file()
        return self.out / name


@pytest.fixture(scope="module")
def odd(lab_image: LabImage) -> Iterator[Odd]:
    """With the usual cache's image and downloads, and what is known of this computer's engines."""
    base = Path(tempfile.mkdtemp(dir="/tmp"))
    found = Odd(base)
    (base / BEFORE_THE_SPACE).write_text(CONTENT)
    for folder in (found.temporary, found.out, found.folder / "s"):
        folder.mkdir(parents=True)
    for part in ("images", "debs"):
        shutil.copytree(cache_dir() / part, found.cache / part, symlinks=True)
    if (state_dir() / "engines.json").exists():
        shutil.copy(state_dir() / "engines.json", found.folder / "s")
    yield found
    shutil.rmtree(base)


def can_run(name: str) -> bool:
    try:
        ready_backend(name)
    except pytest.skip.Exception:
        return False
    return True


@pytest.mark.parametrize("first", ["host", "bubblewrap", *MARKED])
def test_every_backend_runs(odd: Odd, first: str) -> None:
    ready_backend(first)
    ready = [name for name in TOGETHER[first] if can_run(name)]
    given = Odd(odd.base, relative=first == "qemu")
    folder = given.run(*ready, words=("--workloads", "cpu,disk", "--seconds", "0.2"))
    with (folder / "results.csv").open(newline="") as file:
        done = {(row["backend"], row["workload"]) for row in csv.DictReader(file)}
    cannot = {("qemu-resumed", "disk"), ("uml", "disk")}
    assert done == {(name, what) for name in ready for what in ("cpu", "disk")} - cannot


def test_no_backend_is_left_out() -> None:
    """virtualbox-resumed is the same machine in the same folder. What a path becomes
    in a .vmx, tests/unit/vmware asks; VMware itself is on no computer at hand, and Xen on one of
    tests/computers only."""
    together = {name for names in TOGETHER.values() for name in names}
    elsewhere = {"virtualbox", "virtualbox-resumed", "kubernetes", "vmware", "xen"}
    assert together | elsewhere == set(BACKENDS)


@pytest.mark.docker
@pytest.mark.qemu
def test_a_server_behind_it_answers_and_is_ended(odd: Odd, docker_backend: Backend) -> None:
    """Without its /end.sh, it would serve for minutes."""
    ready_backend("qemu")
    words = ("--workloads", "http", "--seconds", "0.2")
    odd.run("host", "docker", "qemu", words=words, timeout=150)


@pytest.mark.docker
def test_programs_write_and_listen_where_they_should(odd: Odd, docker_backend: Backend) -> None:
    """Each has a language of its own for paths, in options and in configurations."""
    workloads = ("fio:size=8m", "nginx", "redis")
    words = ("--workloads", ",".join(workloads), "--seconds", "0.5")
    with (odd.run("host", "docker", words=words) / "metrics.csv").open(newline="") as file:
        told = {(row["backend"], row["workload"]) for row in csv.DictReader(file)}
    assert told == {(name, what) for name in ("host", "docker") for what in workloads}


@pytest.mark.kubernetes
@pytest.mark.timeout(BUILD_TIMEOUT_S)
def test_a_pod_runs(odd: Odd, cluster: Cluster, lab_image: LabImage) -> None:
    ready_backend("kubernetes").prepare(lab_image)
    odd.run("kubernetes", words=("--workloads", "cpu,disk", "--seconds", "0.2"))


@pytest.mark.virtualbox
@pytest.mark.timeout(1500)
def test_a_machine_of_virtualbox_runs(odd: Odd) -> None:
    ready_backend("virtualbox")
    private = cache_dir() / "virtualbox"
    if private.exists():  # the private root, by a link: it is large
        (odd.cache / "virtualbox").symlink_to(private)
    words = ("--workloads", "idle", "--seconds", "0.2", "--ready-timeout", "900")
    odd.run("virtualbox", words=words, timeout=1400)


def test_a_run_is_read_and_compared(odd: Odd) -> None:
    """One of those before, where this test is not run alone."""
    before = next(odd.out.glob("run-*"), None)
    folder = str(before or odd.run("host", words=("--workloads", "idle", "--seconds", "0.2")))
    page, chart = odd.out / "page.html", odd.out / "chart.svg"
    odd.labkit("report", folder, "--out", str(page))
    odd.labkit("compare", folder, folder, "--chart", str(chart))
    assert page.is_file() and chart.is_file()


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one of the conditions needs another CPU")
def test_a_neighbour_disturbs(odd: Odd) -> None:
    words = ("--backends", "host", "--kinds", "cpu", "--blocks", "1", "--requests", "3")
    odd.labkit("neighbours", *words, "--out", str(odd.out / "neighbours"))
    trials = labkit.load(odd.out / "neighbours").trials
    assert len(trials) and trials["error"].isna().all()


@pytest.mark.docker
@pytest.mark.parametrize("words", EXPERIMENTS, ids=[words[0] for words in EXPERIMENTS])
def test_an_experiment_is_recorded(
    odd: Odd, docker_backend: Backend, words: tuple[str, ...]
) -> None:
    odd.labkit(*words, "--out", str(odd.out / words[0]))
    assert any((odd.out / words[0]).iterdir())


@pytest.mark.docker
def test_a_daemon_of_its_own_is_refused_with_what_to_do(odd: Odd, docker_backend: Backend) -> None:
    """Docker reads the address of its socket as a URL, and an overlay's folders as a list."""
    said = odd.labkit("images", "--parts", "layers", "--storage-driver", "vfs", status=(1,))
    assert "TMPDIR" in said.partition("what to do: ")[2]


@pytest.mark.docker
def test_an_app_is_deployed_and_ended(odd: Odd, docker_backend: Backend) -> None:
    code, name = odd.out / "code", f"odd-{os.getpid()}"
    code.mkdir()
    (code / "index.html").write_text("a page")
    odd.labkit("paas", "deploy", str(code), "--name", name)
    odd.labkit("paas", "stop", name)


def test_the_lab_tests_itself(odd: Odd) -> None:
    """Whether its bounds hold is not asked here: a busy computer may break one (status 1)."""
    printed = odd.labkit("selftest", "--backends", "host", "--repeats", "2", status=(0, 1))
    assert "verdict:" in printed
