"""Kubernetes' own programs, built from Debian's source package: no registry has them ready-made.

What is built is kept in a folder of the tests' own (as the emulated computers' disks are), by what
went in; removing it is always safe. Nothing is installed on this computer: the compiler and the
database come out of Debian's packages into that folder, through an apt of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from labkit.image import apt_sources
from labkit.system import owned_files

VERSION = 2  # raise it when the same inputs make other programs
RELEASE = "v1.20.2"
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
COMPILER = ("golang-1.19-go", "golang-1.19-src")
BESIDE = ("etcd-server", "containernetworking-plugins")
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet")
# What stands in the Makefile of the source: these packages' types are described to clients.
TAG = "+k8s:openapi-gen="
DESCRIBED = "k8s.io/kubernetes/pkg/generated/openapi"
VENDOR = "k8s.io/kubernetes/vendor/k8s.io"
TOLD = (f"{VENDOR}/component-base/version", f"{VENDOR}/client-go/pkg/version")
OF_OTHERS = ("code-generator", "sample-apiserver")
BUILD_TIMEOUT_S = 3600.0


class BuildFailed(Exception):
    """It cannot be built on this computer, such as one without Debian's tools."""


def programs(*, build: bool) -> Path:
    """A folder with the four programs, `etcd`, and `cni` (the network's plugins); made once, where
    it may be built: that takes up to eleven minutes of CPU time."""
    key = json.dumps([VERSION, RELEASE, SUITE, COMPILER, BESIDE, PROGRAMS])
    kept = _kept()
    target = kept / f"kubernetes-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    if not (target.exists() or build):
        raise BuildFailed("it is not built yet; LABKIT_REQUIRE=kubernetes builds it")
    if not target.exists():
        owned_files.make_folder(kept)
        owned_files.sweep(kept)
        with owned_files.unfinished_folder(kept) as draft:
            _make(draft)
            owned_files.settle(draft / "it", target)
        owned_files.remove_tree(_compiled())
    return target


def _kept() -> Path:
    return Path(platformdirs.user_cache_dir("labkit-tests"))


def _compiled() -> Path:
    """What the compiler has done so far: a build that was broken off goes on from there."""
    return _kept() / f"kubernetes-compiled-{RELEASE}"


def _make(draft: Path) -> None:
    apt = _apt(draft / "apt")
    root = draft / "root"
    _run([*apt, "download", *COMPILER, *BESIDE], draft / "apt")
    for package in (draft / "apt").glob("*.deb"):
        _run(["dpkg-deb", "--extract", str(package), str(root)], draft)
    source = draft / "go/src/k8s.io/kubernetes"
    source.parent.mkdir(parents=True)
    # apt-get has checked it against the signed index; the packager's own key is not at hand.
    _run([*apt, "source", "--download-only", "--only-source", "kubernetes"], draft / "apt")
    [described] = (draft / "apt").glob("kubernetes_*.dsc")
    _run(["dpkg-source", "--no-check", "--extract", str(described), str(source)], draft)
    (draft / "it").mkdir()
    _build(source, root / "usr/lib/go-1.19", draft)
    shutil.copy2(root / "usr/bin/etcd", draft / "it")
    shutil.copytree(root / "usr/lib/cni", draft / "it/cni")


def _apt(folder: Path) -> list[str]:
    """apt-get with sources, lists and a cache of its own, which knows this computer's keys."""
    (folder / "lists/partial").mkdir(parents=True)
    (folder / "archives/partial").mkdir(parents=True)
    sources = folder / "sources.list"
    mirror = next(iter(apt_sources.mirrors(SUITE, "debian")), MIRROR)
    signed = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no]"
    sources.write_text(
        "".join(f"{kind} {signed} {mirror} {SUITE} main\n" for kind in ("deb", "deb-src"))
    )
    options = {
        "Dir::Etc::SourceList": sources,
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    apt = ["apt-get", "-q", *(f"-o{name}={value}" for name, value in options.items())]
    _run([*apt, "update"], folder)
    return apt


def _build(source: Path, compiler: Path, draft: Path) -> None:
    """As the source's own Makefile does, without the shell scripts that want a git history. The
    compiler's package brings the standard library compiled, which only fits without -trimpath: so
    the source is always found by the same path, or nothing done so far would fit it."""
    go = str(compiler / "bin/go")
    path = _compiled() / "go"
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(draft / "go")
    source = path / source.relative_to(draft / "go")
    environment = {
        "PATH": f"{compiler}/bin:{os.environ['PATH']}",
        "HOME": str(draft),
        "GOCACHE": str(_compiled()),
        "GOTMPDIR": str(draft),
        "GOROOT": str(compiler),
        "GOPATH": str(path),
        "GO111MODULE": "off",
        "GOGC": "400",  # the compiler's own memory is looked through less often
        "CGO_ENABLED": "0",
    }
    generator = draft / "openapi-gen"
    described = ["-O", "zz_generated.openapi", "-p", DESCRIBED, "-r", str(draft / "report")]
    described += ["-h", "vendor/k8s.io/code-generator/hack/boilerplate.go.txt"]
    described += ["-i", ",".join(_described(source))]
    # Without a git history they would call themselves 0.0.0-master. Nothing for a debugger is made.
    build = [go, "build", "-tags", "providerless,dockerless", "-gcflags=k8s.io/...=-dwarf=false"]
    build += [
        "-ldflags",
        " ".join(["-s -w", *(f"-X {name}.gitVersion={RELEASE}" for name in TOLD)]),
    ]
    _run(
        [*build, "-o", str(generator), "./vendor/k8s.io/kube-openapi/cmd/openapi-gen"],
        source,
        environment,
    )
    _run([str(generator), *described], source, environment)
    paths = [f"./cmd/{name}" for name in PROGRAMS]
    _run([*build, "-o", f"{draft / 'it'}/", *paths], source, environment)


def _described(source: Path) -> list[str]:
    """The packages, as Go names them, whose types are described."""
    found = set()
    for folder, inside in (("pkg", "pkg"), ("staging/src/k8s.io", "vendor/k8s.io")):
        for file in (source / folder).rglob("*.go"):
            path = file.parent.relative_to(source / folder)
            mine = inside == "pkg" or path.parts[0] not in OF_OTHERS
            if mine and "_examples" not in path.parts and TAG in file.read_text():
                found.add(f"k8s.io/kubernetes/{inside}/{path}")
    return sorted(found)


def _run(argv: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Runs one step; what it said is told when it fails."""
    done = subprocess.run(
        ["nice", "-n", "10", *argv],
        cwd=folder,
        env=environment and {**environment, "PWD": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=BUILD_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise BuildFailed(f"{argv[0]} failed:\n{done.stdout[-3000:]}")
