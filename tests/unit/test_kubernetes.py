"""The backend `kubernetes` without a cluster: what it asks for, and what it says where there is
none. On a real one: tests/integration/test_conformance.py, tests/kubernetes."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from psutil import Process

from labkit.backends.kubernetes import client, images, nodes, pod
from labkit.backends.kubernetes.client import Place
from labkit.backends.table import make_backend
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.ownership import Judge

ARCHIVE = Path("/a cache/container.tar")
K3S = "v1.30.0+k3s1"
PLACE = Place("a name that can be changed", "a cluster")
IMAGE = cast(LabImage, SimpleNamespace(container_tag="labkit/lab:0123", container_tar=ARCHIVE))


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


def configuration(server: str, current: str = "kind-lab") -> str:
    return json.dumps(
        {
            "current-context": current,
            "contexts": [{"name": "kind-lab", "context": {"cluster": "one", "user": "me"}}],
            "clusters": [{"name": "one", "cluster": {"server": server}}],
            "users": [{"name": "me", "user": {"token": "secret"}}],
        }
    )


def node(
    name: str = "it",
    *,
    boot: str = "elsewhere",
    tag: str = "",
    version: str = "v1.30.0",
    provider: str | None = None,
    labels: dict[str, str] | None = None,
) -> Any:
    info = SimpleNamespace(boot_id=boot, kubelet_version=version)
    status = SimpleNamespace(node_info=info, images=[SimpleNamespace(names=[tag])])
    return SimpleNamespace(
        status=status,
        metadata=SimpleNamespace(name=name, labels=labels),
        spec=SimpleNamespace(provider_id=provider),
    )


def here(name: str = "it", **about: Any) -> Any:
    return node(name, boot=nodes.BOOT.read_text().strip(), **about)


def test_without_a_kubeconfig_it_says_how_to_make_a_cluster(kubeconfig: Path) -> None:
    missing = make_backend("kubernetes").missing()
    assert missing is not None and str(kubeconfig) in missing.reason
    assert "kind create cluster" in missing.fix
    assert make_backend("kubernetes").sweep(Judge()) == []


@pytest.mark.parametrize("text", ["", "torn: [", "{}", configuration("https://x", current="gone")])
def test_a_kubeconfig_that_names_none_is_told(kubeconfig: Path, text: str) -> None:
    kubeconfig.write_text(text)
    missing = make_backend("kubernetes").missing()
    assert missing is not None and "names no cluster" in missing.reason
    assert "use-context" in missing.fix


def test_a_cluster_that_does_not_answer_is_named(kubeconfig: Path) -> None:
    kubeconfig.write_text(configuration("https://127.0.0.1:1"))
    missing = make_backend("kubernetes").missing()
    assert missing is not None
    assert "one (context kind-lab) does not serve the lab" in missing.reason
    assert "refused" in missing.reason and "secret" not in missing.reason


def test_what_the_server_says_of_a_refusal_is_passed_on() -> None:
    said = client.words(cast(Exception, SimpleNamespace(body='{"message": "quota exceeded"}')))
    assert said == "quota exceeded"
    assert client.words(OSError("no route")) == "no route"


def test_a_pod_is_asked_for_with_its_limits_and_without_privileges() -> None:
    spec = pod.manifest("labkit-1", IMAGE, Limits(cpus=2, memory_mib=64))["spec"]
    [container] = spec["containers"]
    share = {"cpu": "2", "memory": "64Mi"}
    assert container["resources"] == {"limits": share, "requests": share}
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not spec["automountServiceAccountToken"] and spec["restartPolicy"] == "Never"


# The words that lead to each kind: as its documentation has them, in the order of images.KINDS.
BY_KIND = {
    "kind": (
        [node(provider=f"kind://docker/lab/lab-{role}") for role in ("control-plane", "worker")],
        ["kind", "load", "image-archive", str(ARCHIVE), "--name", "lab"],
    ),
    "Docker Desktop's kind": (
        [node("desktop-control-plane", provider="kind://docker/desktop/desktop-control-plane")],
        ["kind", "load", "image-archive", str(ARCHIVE), "--name", "desktop"],
    ),
    "k3d": (
        [here("k3d-my-lab-server-0", version=K3S), here("k3d-my-lab-agent-1", version=K3S)],
        ["k3d", "image", "import", str(ARCHIVE), "--cluster", "my-lab"],
    ),
    "minikube": (
        [node(name, labels={"minikube.k8s.io/name": "class"}) for name in ("class", "class-m02")],
        ["minikube", "--profile", "class", "image", "load", str(ARCHIVE)],
    ),
    "Docker Desktop's own": (
        [node("docker-desktop")],
        ["docker", "--context", "desktop-linux", "load", "--input", str(ARCHIVE)],
    ),
    "k3s": ([here("it", version=K3S)], ["k3s", "ctr", "images", "import", str(ARCHIVE)]),
    "MicroK8s": (
        [here("it", labels={"microk8s.io/cluster": "true"})],
        ["microk8s", "images", "import", str(ARCHIVE)],
    ),
}
CALLED = """#!/bin/sh
for word in "${0##*/}" "$@"; do printf '%s\\n' "$word"; done >> "$RECORD"
"""


@pytest.mark.parametrize(("found", "words"), BY_KIND.values(), ids=list(BY_KIND))
def test_the_lab_image_goes_to_each_kind_of_cluster_by_its_own_means(
    found: list[Any], words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program, which none of our computers has, only writes down how it was called."""
    (tmp_path / words[0]).write_text(CALLED)
    (tmp_path / words[0]).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    images.load(PLACE, found, IMAGE)
    assert (tmp_path / "record").read_text().splitlines() == words
    [told] = images.untried(found)
    assert told.startswith(words[0])


def test_what_is_of_this_computer_is_not_taken_for_a_cluster_elsewhere() -> None:
    for found, words in BY_KIND.values():
        if words[0] in ("k3s", "microk8s"):
            elsewhere = copy.deepcopy(found)
            elsewhere[0].status.node_info.boot_id = "elsewhere"
            assert images.command([*found, *elsewhere], ARCHIVE) is None
            assert images.command(elsewhere, ARCHIVE) is None
    mixed = [*BY_KIND["kind"][0], node("lab-edge")]
    assert images.command(mixed, ARCHIVE) is None and images.command([], ARCHIVE) is None


def test_where_the_lab_cannot_bring_it_it_says_how() -> None:
    """At once; by the first pod, where a node names its fifty largest images only."""
    unknown = node()
    with pytest.raises(BackendError) as caught:
        images.load(PLACE, [unknown], IMAGE)
    unknown.status.images *= nodes.LISTED
    images.load(PLACE, [unknown], IMAGE)
    for advice in (
        caught.value.resolution,
        pod._advice("ErrImageNeverPull: not present", images.by_hand(IMAGE)),
    ):
        assert str(ARCHIVE) in advice and "images import" in advice
    assert images.untried([unknown]) == []


def test_without_the_program_of_its_kind_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "find_tool", lambda name: None)
    with pytest.raises(BackendError) as caught:
        images.load(PLACE, BY_KIND["kind"][0], IMAGE)
    assert "install kind" in caught.value.resolution


def test_who_is_not_root_is_told_which_cluster_root_is_to_take(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    found = here(version=K3S)
    with pytest.raises(BackendError) as caught:
        images.load(PLACE, [found], IMAGE)
    assert f"env KUBECONFIG={kubeconfig} " in caught.value.resolution
    # It may have the lab's all the same.
    found.status.images *= nodes.LISTED
    images.load(PLACE, [found], IMAGE)


@pytest.mark.parametrize("folder", ["/run", "/var/run"])
def test_a_path_inside_a_node_leads_to_the_nodes_own_containerd(folder: str) -> None:
    said = ["kubelet", f"--container-runtime-endpoint=unix://{folder}/containerd/containerd.sock"]
    kubelet = cast(Process, SimpleNamespace(pid=7, cmdline=lambda: said))
    assert nodes.endpoint(kubelet) == Path("/proc/7/root/run/containerd/containerd.sock")


def test_another_current_context_does_not_move_the_lab(kubeconfig: Path) -> None:
    text = json.loads(configuration("https://127.0.0.1:1"))
    text["contexts"].append({"name": "work", "context": {"cluster": "two", "user": "me"}})
    text["clusters"].append({"name": "two", "cluster": {"server": "https://127.0.0.1:2"}})
    kubeconfig.write_text(json.dumps(text))
    assert client.place() == Place("kind-lab", "one")
    kubeconfig.write_text(json.dumps({**text, "current-context": "work"}))
    assert client.place() == Place("kind-lab", "one")
    with client.connected() as api:
        assert api.api_client.configuration.host == "https://127.0.0.1:1"


def test_an_image_is_there_when_each_node_says_so() -> None:
    has = node(tag="docker.io/labkit/lab:0123")
    assert nodes.has_image([has], IMAGE.container_tag)
    assert not nodes.has_image([has, node()], IMAGE.container_tag)
    assert not nodes.has_image([], IMAGE.container_tag)


def test_a_cluster_elsewhere_has_empty_cells_with_a_reason() -> None:
    [meter] = nodes.services([node()])
    assert meter.why == nodes.ELSEWHERE and not meter.pids
    [container] = nodes.pod_meters("00000000-0000-4000-8000-000000000000")
    assert container.why and not container.pids


def test_kubelets_that_may_be_another_clusters_are_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nodes, "_by_name", lambda: {})
    [meter] = nodes.services([here()])
    assert "0 kubelets run here, and 1 nodes" in meter.why
