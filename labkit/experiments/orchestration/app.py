"""The app that is orchestrated: the lab image as a web server, a Deployment and a Service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from labkit.backends.base import INNER_PORT
from labkit.backends.kubernetes.client import connected
from labkit.errors import BackendError
from labkit.image import LabImage
from labkit.system.clock import Clock

NAME = "app"
# Below a shell: the kernel drops a SIGTERM for a container's first process that has no handler of
# its own (pid_namespaces(7)), such as httpd, and the pod would serve until the kubelet kills it.
SERVES = [
    *("/bin/busybox", "sh", "-c"),
    f"trap 'kill $!; exit' TERM; /bin/busybox httpd -f -p {INNER_PORT} -h /lab & wait",
]
# Long enough for the last of those that send requests to learn that a pod is on its way out.
WAITS = ["/bin/busybox", "sleep", "3"]
SHARE = {"cpu": "20m", "memory": "16Mi"}
PATCH_TIMEOUT_S = 240


def manifest(image: LabImage, *, version: int, patient: bool, replicas: int) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": NAME,
        "image": image.container_tag,
        "imagePullPolicy": "Never",
        "command": SERVES,
        "env": [{"name": "VERSION", "value": str(version)}],
        "resources": {"requests": SHARE, "limits": {"memory": SHARE["memory"]}},
        "readinessProbe": {
            "httpGet": {"path": "/agent", "port": INNER_PORT},
            "periodSeconds": 1,
        },
    }
    if patient:
        container["lifecycle"] = {"preStop": {"exec": {"command": WAITS}}}
    spec = {
        "containers": [container],
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
    }
    labels = {"app": NAME}
    return {
        "metadata": {"name": NAME},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


@dataclass
class App:
    """One deployment in a namespace. moments: (pod, what) → when, on the clock."""

    namespace: str
    image: LabImage
    clock: Clock
    api: Any
    moments: dict[tuple[str, str], float] = field(default_factory=dict)

    def apply(self, *, version: int = 1, patient: bool = True, replicas: int = 1) -> None:
        """Asks for this state, and returns at once: to reach it is the cluster's business."""
        from kubernetes.client import AppsV1Api

        wanted = manifest(self.image, version=version, patient=patient, replicas=replicas)
        apps = AppsV1Api(self.api.api_client)
        if apps.list_namespaced_deployment(self.namespace).items:
            apps.replace_namespaced_deployment(NAME, self.namespace, wanted)
        else:
            apps.create_namespaced_deployment(self.namespace, wanted)

    def serve(self) -> None:
        port = {"port": INNER_PORT}
        wanted = {"metadata": {"name": NAME}, "spec": {"selector": {"app": NAME}, "ports": [port]}}
        self.api.create_namespaced_service(self.namespace, wanted)

    def ask(self) -> None:
        """A request by way of the API server, which knows the pods behind the service; whatever
        the client raises where no answer came."""
        self.api.connect_get_namespaced_service_proxy_with_path(
            f"{NAME}:{INNER_PORT}", self.namespace, "agent", _request_timeout=5
        )

    def delete_pod(self, name: str) -> None:
        self.api.delete_namespaced_pod(name, self.namespace, grace_period_seconds=0)

    def until_ready(self, versions: set[int], count: int) -> list[str]:
        """Follows the pods until so many of these versions are ready, and no others are there;
        their names. BackendError where that does not come."""
        from kubernetes.watch import Watch

        pods: dict[str, Any] = {}
        events = Watch().stream(
            self.api.list_namespaced_pod,
            self.namespace,
            timeout_seconds=PATCH_TIMEOUT_S,
            _request_timeout=PATCH_TIMEOUT_S + 10,
            deserialize=False,
        )
        try:
            for event in events:
                self._note(event["type"], event["object"], pods)
                ready = [name for name, pod in pods.items() if is_ready(pod)]
                if len(pods) == len(ready) == count and versions >= set(
                    map(_version, pods.values())
                ):
                    return ready
        finally:
            events.close()
        raise BackendError(f"{count} pods were not ready within {PATCH_TIMEOUT_S} s")

    def _note(self, kind: str, pod: dict[str, Any], pods: dict[str, Any]) -> None:
        name = str(pod["metadata"]["name"])
        reached = {"added": True, "scheduled": "nodeName" in pod["spec"], "ready": is_ready(pod)}
        if kind == "DELETED":
            pods.pop(name, None)
            reached = {"deleted": True}
        else:
            pods[name] = pod
        for moment in (moment for moment, true in reached.items() if true):
            self.moments.setdefault((name, moment), self.clock.now())


def is_ready(pod: dict[str, Any]) -> bool:
    """It answers, and nobody has asked it to go."""
    conditions = {each["type"]: each["status"] for each in pod["status"].get("conditions", ())}
    return conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]


def _version(pod: dict[str, Any]) -> int:
    [container] = pod["spec"]["containers"]
    return int(container["env"][0]["value"])


@contextmanager
def app(namespace: str, image: LabImage, clock: Clock) -> Iterator[App]:
    """The API of the app in this namespace; the app is gone afterwards."""
    from kubernetes.client import AppsV1Api

    with connected() as api:
        try:
            yield App(namespace, image, clock, api)
        finally:  # a namespace goes much sooner with nothing in it
            AppsV1Api(api.api_client).delete_collection_namespaced_deployment(namespace)
            api.delete_collection_namespaced_pod(namespace, grace_period_seconds=0)
