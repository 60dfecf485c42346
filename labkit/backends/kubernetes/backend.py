"""Backend `kubernetes`: the lab image as a pod, on the cluster that the kubeconfig names.

A pod with one container, requests and limits alike, a read-only root file system, no capabilities,
a folder for scratch data that goes with the pod. All pods of a run are in a namespace of its own,
made before the first trial and removed after the last. `scheduled`, `created` and `started` are
the scheduler's and the kubelet's word that arrives by a watch; `sandbox` is read from the process
that holds the pod's namespaces; `ready` is the agent's, over the attach that is opened then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, ClassVar

from labkit.backends.base import Backend, Missing
from labkit.backends.docker.inside import held_inside
from labkit.backends.instance import Instance, Meter
from labkit.backends.kubernetes import client, images, nodes, pod
from labkit.backends.kubernetes.attached import attached
from labkit.backends.kubernetes.client import cluster_errors, connected
from labkit.backends.piped import instance_name
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError
from labkit.guest.channel import Channel
from labkit.guest.protocol import Session
from labkit.image import LabImage
from labkit.recordings.facts import BackendInfo, Limits
from labkit.recordings.words import Engine
from labkit.system.limits import Held
from labkit.system.owner_marks import TEMP_PREFIX
from labkit.system.ownership import Judge
from labkit.system.process_ids import began

PROBE_S = client.PROBE_S
CPU_SET = (
    "Kubernetes limits how much of the CPUs' time a pod gets, and not which of them it runs on"
)


class KubernetesInstance(Instance):
    def __init__(
        self, where: tuple[str, str, str], channel: Channel, said: deque[bytes], timeline: Timeline
    ) -> None:
        session = Session(channel, timeline.clock)
        super().__init__(session, timeline)
        self._namespace, self._name, self._uid = where
        self._said = said
        session.greet()  # what the agent said before the attach nobody has heard

    def meters(self) -> tuple[Meter, ...]:
        return ()

    def late_meters(self) -> tuple[Meter, ...]:
        """Late: the agent has been greeted, and to look at all processes would delay its answer."""
        meters = nodes.pod_meters(self._uid)
        for pid in (pid for meter in meters if meter.name == nodes.PAUSE for pid in meter.pids):
            if (at := began(pid)) is not None:
                self._timeline.mark("sandbox", at)
        return meters

    def held_inside(self) -> Held:
        return held_inside(self)

    def _wait_gone(self) -> None:
        with cluster_errors("tell the pod's end"), connected() as api:
            pod.wait_ended(api, self._namespace, self._name)

    def _diagnosis(self) -> str:
        """What the container wrote to its standard error, and how it ended."""
        text = b"".join(self._said).decode(errors="replace")
        with suppress(BackendError), cluster_errors("tell its state"), connected(PROBE_S) as api:
            status = api.read_namespaced_pod(self._name, self._namespace).status
            for container in status.container_statuses or ():
                if ended := container.state.terminated:
                    text += f"\nthe container ended: {ended.reason}, status {ended.exit_code}"
        return text


class KubernetesBackend(Backend):
    name = "kubernetes"
    family = "container"
    by_default = False
    about_s = 3.0
    needs_scratch = False
    unsupported: ClassVar[Mapping[str, str]] = {
        "resumed start": "a pod is always started anew: Kubernetes has no saved state of one",
        "CPU set": CPU_SET,
    }
    # Of the run that this backend is made for; without one, each pod has a namespace of its own.
    _namespace: str | None = None

    def missing(self) -> Missing | None:
        return client.missing()

    def version(self) -> str:
        from kubernetes.client import VersionApi

        with cluster_errors("tell its version"), connected() as api:
            version = VersionApi(api.api_client).get_code()
            runtimes = {n.status.node_info.container_runtime_version for n in nodes.nodes(api)}
        return ", ".join([f"Kubernetes {version.git_version.lstrip('v')}", *sorted(runtimes)])

    def engine(self, image: LabImage | None) -> Engine:
        return "native"

    def notes(self, image: LabImage | None) -> tuple[str, ...]:
        """Which cluster it is, what of it is untried, then the cautions."""
        with cluster_errors("tell its nodes"), connected(PROBE_S) as api:
            untried = images.untried(nodes.nodes(api))
        return (f"cluster {client.place()}", *untried, *self.cautions())

    def cautions(self) -> tuple[str, ...]:
        with cluster_errors("tell its nodes"), connected(PROBE_S) as api:
            found = nodes.nodes(api)
        away = len(found) - len(nodes.are_here(found))
        if not away:
            return ()
        return (
            f"{away} of {len(found)} nodes are no part of this computer's own system: memory and "
            "CPU of a pod there stay empty, and its figures are of another computer, or of a "
            "virtual machine",
        )

    def info(self, image: LabImage) -> BackendInfo:
        return super().info(image).model_copy(update={"daemon": str(client.place())})

    def prepare(self, image: LabImage) -> None:
        """Brings the lab image to each node, unless all of them say that they have it."""
        with cluster_errors("take the lab image"), connected() as api:
            found = nodes.nodes(api)
            if not nodes.has_image(found, image.container_tag):
                images.load(client.place(), found, image)

    @contextmanager
    def saved_state(self, image: LabImage, limits: Limits) -> Iterator[None]:
        """No state, but the namespace in which the trials start: a cluster makes and removes one
        more slowly than a pod."""
        with pod.namespace(plain(instance_name())) as self._namespace:
            try:
                yield
            finally:
                self._namespace = None

    def services(self) -> tuple[Meter, ...]:
        with cluster_errors("tell its nodes"), connected() as api:
            return nodes.services(nodes.nodes(api))

    @contextmanager
    def launch(self, image: LabImage, limits: Limits, timeline: Timeline) -> Iterator[Instance]:
        name = plain(instance_name())
        with ExitStack() as stack:
            space = self._namespace or stack.enter_context(pod.namespace(name))
            stack.callback(pod.remove, space, name)
            with cluster_errors("start a pod"):
                uid = pod.started(
                    space, pod.manifest(name, image, limits), timeline, images.by_hand(image)
                )
                channel, stderr = stack.enter_context(attached(space, name))
            yield KubernetesInstance((space, name, uid), channel, stderr, timeline)

    def sweep(self, judge: Judge) -> list[str]:
        if self.missing() is not None:
            return []  # no cluster, no pods to be seen
        with cluster_errors("tell its namespaces"), connected(PROBE_S) as api:
            spaces = api.list_namespace(label_selector=pod.OWNER_LABEL).items
        left = [space.metadata.name for space in spaces if _is_left(space.metadata, judge)]
        for name in left:
            pod.remove_namespace(name)
        return [f"namespace {name}" for name in left]


def plain(name: str) -> str:
    """Namespaces have no dots in their names: RFC 1123, labels."""
    return name.replace(".", "-")


def _is_left(metadata: Any, judge: Judge) -> bool:
    """By a name of the lab's, too: a label is copied with what it is on."""
    if not metadata.name.startswith(TEMP_PREFIX):
        return False
    by_hand = ["kubectl", "delete", "namespace", metadata.name]
    return judge.takes(metadata.labels[pod.OWNER_LABEL], f"namespace {metadata.name}", by_hand)
