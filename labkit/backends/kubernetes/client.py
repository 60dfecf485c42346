"""The cluster that the kubeconfig names: the one way to talk to it, and what its errors mean.

Kubernetes' client takes most of a second to import: each function does so when it is called.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from labkit.backends.base import Missing
from labkit.errors import BackendError

USUAL = "~/.kube/config"
PROBE_S = 5.0
CALL_S = 30.0
INSTALL = "pip install 'virtualization-lab[kubernetes]', in the environment that labkit runs in"
MAKE_ONE = (
    "make a cluster: `kind create cluster` (https://kind.sigs.k8s.io), `minikube start` "
    "(https://minikube.sigs.k8s.io) or Docker Desktop's settings; where there is one already, name "
    "its file with KUBECONFIG=FILE"
)
CHOOSE = "kubectl config get-contexts names the clusters, kubectl config use-context NAME takes one"
ANSWERS = "start that cluster (such as: minikube start), or take another: " + CHOOSE


@dataclass(frozen=True)
class Place:
    """Which cluster is meant, as the kubeconfig says. cluster: its name there."""

    context: str
    cluster: str

    def __str__(self) -> str:
        return f"{self.cluster} (context {self.context})"


def settings() -> str:
    """The kubeconfig's files, as the client takes them."""
    return os.environ.get("KUBECONFIG") or USUAL


def files() -> list[Path]:
    return [Path(name).expanduser() for name in settings().split(os.pathsep) if name]


def place() -> Place:
    """What was the current context when this process first asked: another one that is chosen
    meanwhile does not move a run to another cluster. ConfigException where nothing is chosen."""
    return _first_chosen(settings())


@cache
def _first_chosen(kubeconfig: str) -> Place:
    from kubernetes import config

    _, chosen = config.list_kube_config_contexts(kubeconfig)
    return Place(str(chosen["name"]), str(chosen["context"]["cluster"]))


@contextmanager
def connected(seconds: float = CALL_S) -> Iterator[Any]:
    """The cluster's API; each call that names no time limit of its own has this one."""
    from kubernetes import client, config

    chosen = client.Configuration()
    config.load_kube_config(settings(), place().context, client_configuration=chosen)
    chosen.retries = False
    with client.ApiClient(chosen) as api:
        asked = api.call_api

        def patient(*words: Any, _request_timeout: float | None = None, **more: Any) -> Any:
            return asked(*words, _request_timeout=_request_timeout or seconds, **more)

        api.call_api = patient
        yield client.CoreV1Api(api)


def missing() -> Missing | None:
    """Why no cluster can be used here, or None where one answers."""
    if find_spec("kubernetes") is None:
        return Missing("Kubernetes' client for Python is not installed", INSTALL)
    if not any(file.exists() for file in files()):
        return Missing(f"no cluster is known: there is no {settings()}", MAKE_ONE)
    try:
        where = place()
    except Exception as error:  # its reader trips over what it does not expect in these files
        return Missing(f"the kubeconfig names no cluster: {error}", CHOOSE)
    try:
        with connected(PROBE_S) as api:
            api.list_namespace(limit=1)
    except Exception as error:
        return Missing(f"the cluster {where} does not serve the lab: {words(error)}", ANSWERS)
    return None


def words(error: Exception) -> str:
    """What the API server says of a refusal, else what went wrong on the way to it."""
    with suppress(ValueError, TypeError, KeyError):
        return str(json.loads(getattr(error, "body", ""))["message"])
    cause = getattr(error, "reason", None) or error
    return str(cause) or type(cause).__name__


def is_gone(error: Exception) -> bool:
    return getattr(error, "status", None) == 404


@contextmanager
def cluster_errors(what: str) -> Iterator[None]:
    """Whatever the client raises, in the user's words."""
    from kubernetes.client.exceptions import OpenApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except (OpenApiException, ConfigException, HTTPError, OSError) as error:
        raise BackendError(
            f"Kubernetes could not {what}",
            details=words(error),
            resolution="look at the cluster: kubectl get events --all-namespaces",
        ) from error
