"""The backend `kubernetes` without a cluster: what it asks for, and what it says where there is
none. On a real one: tests/integration/test_conformance.py, tests/kubernetes."""

from __future__ import annotations

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

ARCHIVE = Path("/cache/container.tar")
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


def node(boot: str = "elsewhere", tag: str = "", version: str = "v1.30.0", label: str = "") -> Any:
    info = SimpleNamespace(boot_id=boot, kubelet_version=version)
    status = SimpleNamespace(node_info=info, images=[SimpleNamespace(names=[tag])])
    return SimpleNamespace(status=status, metadata=SimpleNamespace(labels={label: "it"}))


def here(version: str = "v1.30.0") -> Any:
    return node(nodes.BOOT.read_text().strip(), version=version)


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


@pytest.mark.parametrize(
    ("context", "found", "begins"),
    [
        ("kind-lab", [node()], ["kind", "load", "image-archive", str(ARCHIVE), "--name", "lab"]),
        ("k3d-lab", [here(version="v1.30.0+k3s1")], ["k3d", "image", "import", str(ARCHIVE)]),
        ("mine", [node(label="minikube.k8s.io/name")], ["minikube", "--profile", "mine"]),
        ("docker-desktop", [node()], ["docker", "--context", "desktop-linux", "load"]),
        ("default", [here(version="v1.30.0+k3s1")], ["k3s", "ctr", "images", "import"]),
    ],
)
def test_the_lab_image_goes_to_each_kind_of_cluster_by_its_own_means(
    context: str, found: list[Any], begins: list[str]
) -> None:
    words = images.command(Place(context, "a cluster"), found, ARCHIVE)
    assert words is not None and words[: len(begins)] == begins and str(ARCHIVE) in words


def test_where_the_lab_cannot_bring_it_the_first_pod_tells_and_says_how() -> None:
    images.load(Place("work", "a cluster"), [node()], IMAGE)
    advice = pod._advice("ErrImageNeverPull: not present", images.by_hand(IMAGE))
    assert str(ARCHIVE) in advice and "images import" in advice


def test_who_is_not_root_is_told_which_cluster_root_is_to_take(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(images, "find_tool", lambda name: name)
    found = here(version="v1.30.0+k3s1")
    with pytest.raises(BackendError) as caught:
        images.load(Place("default", "a cluster"), [found], IMAGE)
    assert f"env KUBECONFIG={kubeconfig} " in caught.value.resolution
    # A node names its fifty largest images only: it may have the lab's all the same.
    found.status.images *= nodes.LISTED
    images.load(Place("default", "a cluster"), [found], IMAGE)


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
