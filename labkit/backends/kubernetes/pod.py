"""Pods: as the API server is asked for them, how they come up, and their removal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labkit.backends.instance import READY_TIMEOUT_S, STOP_TIMEOUT_S
from labkit.backends.kubernetes.client import cluster_errors, connected, is_gone
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.image import LabImage
from labkit.recordings.facts import Limits
from labkit.system.clock import wait_until
from labkit.system.owner_marks import owner
from labkit.system.signals import uninterrupted

OWNER_LABEL = "org.labkit.owner"
CONTAINER = "lab"
# How long a container that is to go may still run. Zero would only take it off the API's list.
GRACE_S = 1
REMOVAL_TIMEOUT_S = 120.0
ENDED = ("Succeeded", "Failed")
# What the scheduler and the kubelet say of a pod, and what it means here.
MARKS = {"Scheduled": "scheduled", "Created": "created", "Started": "started"}
HOPELESS = ("FailedScheduling", "ErrImageNeverPull", "Failed", "InspectFailed")


def named(name: str) -> dict[str, Any]:
    """What Kubernetes calls the metadata of a thing of the lab's."""
    return {"name": name, "labels": {OWNER_LABEL: owner()}}


def manifest(name: str, image: LabImage, limits: Limits) -> dict[str, Any]:
    """What the API server is asked for: requests and limits are the same (Guaranteed), and nothing
    is in the container but the lab image and a folder for scratch data."""
    share = {"cpu": str(limits.cpus), "memory": f"{limits.memory_mib}Mi"}
    container = {
        "name": CONTAINER,
        "image": image.container_tag,
        "imagePullPolicy": "Never",
        "stdin": True,
        "stdinOnce": True,  # with the lab's end the agent's input ends, and so does the agent
        "resources": {"limits": share, "requests": share},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        "securityContext": {
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_S,
    }
    return {"metadata": named(name), "spec": spec}


def started(space: str, wanted: dict[str, Any], timeline: Timeline, by_hand: str) -> str:
    """Starts a pod; returns its unique id once its container runs. Marks `accepted`, `scheduled`,
    `created`, `started`. by_hand: what to do where its node has no such image."""
    with connected() as api:
        # Broken off, the cluster would still make the pod, after our clean-up.
        with uninterrupted():
            uid = str(api.create_namespaced_pod(space, wanted).metadata.uid)
            timeline.mark("accepted")
        _wait_started(api, space, uid, timeline, by_hand)
    return uid


def _wait_started(api: Any, namespace: str, uid: str, timeline: Timeline, by_hand: str) -> None:
    """Marks `scheduled`, `created` and `started` when the word of them arrives. The times in it
    have steps of a second: the lab's own clock is looked at. BackendError where it says that
    nothing will come of it, or nothing in time."""
    from kubernetes.watch import Watch

    heard: list[str] = []
    events = Watch().stream(
        api.list_namespaced_event,
        namespace,
        field_selector=f"involvedObject.uid={uid}",
        timeout_seconds=int(READY_TIMEOUT_S),
        _request_timeout=READY_TIMEOUT_S + STOP_TIMEOUT_S,
        deserialize=False,
    )
    try:
        for event in events:
            report = event["object"]
            heard.append(f"{report['reason']}: {report['message']}")
            if report["reason"] in MARKS:
                timeline.mark(MARKS[report["reason"]])
            if report["reason"] == "Started":
                return
            if report["reason"] in HOPELESS:
                break
    finally:
        events.close()
    details = "\n".join(heard)
    raise BackendError(
        "the pod did not start", details=details, resolution=_advice(details, by_hand)
    )


def _advice(text: str, by_hand: str) -> str:
    if "ErrImageNeverPull" in text or "not present" in text:
        return by_hand
    if "Insufficient" in text:
        return "add a node with more CPUs or memory, or lower the limits: --cpus, --memory-mib"
    return "kubectl describe node says more"


def wait_ended(api: Any, namespace: str, name: str) -> None:
    """Returns when the pod's status says that it has ended, or it is gone."""
    from kubernetes.watch import Watch

    pods = Watch().stream(
        api.list_namespaced_pod,
        namespace,
        field_selector=f"metadata.name={name}",
        timeout_seconds=int(STOP_TIMEOUT_S),
        _request_timeout=2 * STOP_TIMEOUT_S,
        deserialize=False,
    )
    try:
        for event in pods:
            if event["type"] == "DELETED" or event["object"]["status"]["phase"] in ENDED:
                return
    finally:
        pods.close()
    raise GuestTimeout("Kubernetes did not say in time that the pod has ended")


def remove(namespace: str, name: str) -> None:
    """Removes a pod, and waits until the kubelet has let go of it; one that is gone is fine."""
    with cluster_errors(f"remove the pod {name}"), connected() as api:
        if not _deleted(lambda: api.delete_namespaced_pod(name, namespace)):
            return
        if not _wait_gone(lambda: api.read_namespaced_pod(name, namespace)):
            raise BackendError(
                f"the pod {name} was not removed in time",
                resolution=f"kubectl --namespace {namespace} delete pod {name}",
            )


@contextmanager
def namespace(name: str) -> Iterator[str]:
    """A namespace of the lab's own, with the account that each pod in it has; gone afterwards."""
    try:
        with cluster_errors("make a namespace"), connected() as api:
            with uninterrupted():
                api.create_namespace({"metadata": named(name)})

            def account() -> bool:
                listed = api.list_namespaced_service_account(name).items
                return any(one.metadata.name == "default" for one in listed)

            if not wait_until(account, timeout=READY_TIMEOUT_S):
                raise BackendError(
                    "Kubernetes has made no account in the lab's namespace",
                    resolution="is its controller manager at work? kubectl get pods -n kube-system",
                )
        yield name
    finally:
        remove_namespace(name)


def remove_namespace(name: str) -> None:
    """Removes a namespace with all that is in it; one that was never made or is gone is fine."""
    with cluster_errors(f"remove the namespace {name}"), connected() as api:
        if not _deleted(lambda: api.delete_namespace(name)):
            return
        if not _wait_gone(lambda: api.read_namespace(name)):
            raise BackendError(
                f"the namespace {name} was not removed in time",
                resolution=f"kubectl get namespace {name} --output yaml says what it waits for",
            )


def _deleted(delete: Any) -> bool:
    """Whether there was something to delete."""
    from kubernetes.client.exceptions import ApiException

    try:
        delete()
    except ApiException as error:
        if not is_gone(error):
            raise
        return False
    return True


def _wait_gone(read: Any) -> bool:
    return wait_until(lambda: not _deleted(read), timeout=REMOVAL_TIMEOUT_S, interval=0.1)
