"""Brings the lab image to the cluster, by the means that each kind of cluster has for that."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from labkit.backends.kubernetes import nodes
from labkit.backends.kubernetes.client import Place, files
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.system.paths import typed
from labkit.system.process import as_root, find_tool, run

LOAD_TIMEOUT_S = 300.0
# The namespace in which the kubelet's containerd looks for images.
KUBELETS_NAMESPACE = "k8s.io"
OF_ROOT = ("k3s", "ctr")  # who else may not is told by these programs themselves
UNTRIED = "brings the lab image there; it was not tried on the real program"

Nodes = list[Any]


def load(place: Place, found: Nodes, image: LabImage) -> None:
    """BackendError where the lab has no way, or one that cannot be gone here. But where the nodes
    do not name all that they have, somebody may have done it by hand: the first pod will tell."""
    words = command(found, image.container_tar)
    if words is not None and (words[0] not in OF_ROOT or os.geteuid() == 0):
        if find_tool(words[0]) is None:
            raise BackendError(
                f"the program {words[0]} is not there",
                details=f"with it the lab image is brought to the cluster {place}",
                resolution=f"install {words[0]}, so that it is found by its name",
            )
        run(words, timeout=LOAD_TIMEOUT_S)
    elif nodes.name_all_images(found):
        raise _no_way(place, image) if words is None else _for_root()


def _no_way(place: Place, image: LabImage) -> BackendError:
    return BackendError(
        f"the lab image is not on each node of the cluster {place}",
        details="it is of no kind that the lab can bring an image to",
        resolution=by_hand(image),
    )


def _for_root() -> BackendError:
    return BackendError(
        "images of this computer's containerd are imported by root",
        resolution=as_root("setup kubernetes", KUBECONFIG=os.pathsep.join(map(str, files()))),
    )


def by_hand(image: LabImage) -> str:
    """What to do where a node has no lab image."""
    return (
        "labkit setup kubernetes brings the lab image to kind, k3d, minikube, Docker Desktop, k3s "
        "and MicroK8s, and for root to a containerd of this computer's own; to another cluster's "
        f"nodes bring {typed(image.container_tar)} by hand, and there as root: "
        f"ctr --namespace {KUBELETS_NAMESPACE} images import FILE"
    )


def command(found: Nodes, archive: Path) -> list[str] | None:
    """What brings an image's archive to the cluster of these nodes; None where nothing is known
    that does."""
    for called, words in KINDS:
        if found and (name := called(found)) is not None:
            return [word.format(name=name, archive=archive) for word in words.split()]
    return None


def untried(found: Nodes) -> list[str]:
    """What a reader must know of that command."""
    words = command(found, Path())
    return [f"{words[0]} {UNTRIED}"] if words is not None and words[0] != "ctr" else []


def _each(text: Callable[[Any], str | None], pattern: str) -> Callable[[Nodes], str | None]:
    """Of each node this text must fit. What stands in the brackets is the cluster's name."""

    def name(found: Nodes) -> str | None:
        fits = [re.fullmatch(pattern, text(node) or "") for node in found]
        return fits[0].expand(r"\1") if fits[0] and all(fits) else None

    return name


def _label(key: str) -> Callable[[Any], str | None]:
    return lambda node: (node.metadata.labels or {}).get(key)


def _here(name: Callable[[Nodes], str | None]) -> Callable[[Nodes], str | None]:
    """Only where all nodes are this computer's own."""
    return lambda found: name(found) if len(nodes.are_here(found)) == len(found) else None


def _own_socket(found: Nodes) -> str | None:
    """Where this computer's only kubelet reaches its containerd, of a cluster of one node."""
    sockets = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "kubelet":
                socket = nodes.endpoint(process)
                sockets += [str(socket)] if socket else []
    return sockets[0] if len(sockets) == len(found) == 1 else None


# What a kind of cluster is known by, and how the cluster is called → what brings an image there.
# A context can be renamed, so none of them is known by that. Docker Desktop has two kinds: kind's
# own, and one node that shares the images of its engine.
KINDS: tuple[tuple[Callable[[Nodes], str | None], str], ...] = (
    (
        _each(lambda node: node.spec.provider_id, "kind://[^/]+/([^/]+)/.+"),
        "kind load image-archive {archive} --name {name}",
    ),
    (
        _each(lambda node: node.metadata.name, r"k3d-(.+)-(?:server|agent)-\d+"),
        "k3d image import {archive} --cluster {name}",
    ),
    (
        _each(_label("minikube.k8s.io/name"), "(.+)"),
        "minikube --profile {name} image load {archive}",
    ),
    (
        _each(lambda node: node.metadata.name, "(docker-desktop)"),
        "docker --context desktop-linux load --input {archive}",
    ),
    (
        _here(_each(lambda node: node.status.node_info.kubelet_version, r"(.+)\+k3s.*")),
        "k3s ctr images import {archive}",
    ),
    (_here(_each(_label("microk8s.io/cluster"), "(true)")), "microk8s images import {archive}"),
    (
        _here(_own_socket),
        f"ctr --address {{name}} --namespace {KUBELETS_NAMESPACE} images import {{archive}}",
    ),
)
