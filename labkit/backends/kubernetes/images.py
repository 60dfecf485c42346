"""Brings the lab image to the cluster, by the means that each kind of cluster has for that."""

from __future__ import annotations

import os
from collections.abc import Sequence
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


def load(place: Place, found: list[Any], image: LabImage) -> None:
    """Where the lab has no way, somebody may have done it by hand: the first pod will tell.
    BackendError where there is a way that cannot be gone here."""
    words = command(place, found, image.container_tar)
    if words is None:
        return
    if find_tool(words[0]) is None:
        raise BackendError(
            f"the program {words[0]} is not there",
            details=f"with it the lab image is brought to the cluster {place}",
            resolution=f"install {words[0]}, so that it is found by its name",
        )
    if words[0] in ("k3s", "ctr") and os.geteuid() != 0:
        if not nodes.name_all_images(found):
            return
        raise BackendError(
            "images of this computer's containerd are imported by root",
            resolution=as_root("setup kubernetes", KUBECONFIG=os.pathsep.join(map(str, files()))),
        )
    run(words, timeout=LOAD_TIMEOUT_S)


def by_hand(image: LabImage) -> str:
    """What to do where a node has no lab image."""
    return (
        "labkit setup kubernetes brings the lab image to kind, k3d, minikube, k3s and Docker "
        "Desktop, and for root to a containerd of this computer's own; to another cluster's nodes "
        f"bring {typed(image.container_tar)} by hand, and there as root: "
        f"ctr --namespace {KUBELETS_NAMESPACE} images import FILE"
    )


def command(place: Place, found: list[Any], archive: Path) -> Sequence[str] | None:
    """What brings an image's archive to this cluster; None where nothing is known that does."""
    if place.context.startswith("kind-"):
        name = place.context.removeprefix("kind-")
        return ["kind", "load", "image-archive", str(archive), "--name", name]
    if place.context.startswith("k3d-"):
        name = place.context.removeprefix("k3d-")
        return ["k3d", "image", "import", str(archive), "--cluster", name]
    if any("minikube.k8s.io/name" in (node.metadata.labels or {}) for node in found):
        return ["minikube", "--profile", place.context, "image", "load", str(archive)]
    if place.context == "docker-desktop":  # its nodes have the images of its engine
        return ["docker", "--context", "desktop-linux", "load", "--input", str(archive)]
    if not found or len(nodes.are_here(found)) != len(found):
        return None
    if all("+k3s" in node.status.node_info.kubelet_version for node in found):
        return ["k3s", "ctr", "images", "import", str(archive)]
    sockets = _sockets()
    if not len(sockets) == len(found) == 1:
        return None
    ctr = ["ctr", "--address", sockets[0], "--namespace", KUBELETS_NAMESPACE]
    return [*ctr, "images", "import", str(archive)]


def _sockets() -> list[str]:
    """Where this computer's kubelets reach their containerd."""
    sockets = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "kubelet":
                socket = nodes.endpoint(process)
                sockets += [str(socket)] if socket else []
    return sockets
