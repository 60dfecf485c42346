"""What killed deployments have left beside the apps that run, and its removal.

An app and its images belong to nobody: they are deployed on purpose. A deployment that is under
way has a claim on its app, which names its owner (labkit.system.ownership).
"""

from __future__ import annotations

from collections.abc import Callable

from labkit.apps.containers import Apps, connected
from labkit.apps.images import repository
from labkit.apps.platform import stop, url_of
from labkit.backends.docker.client import command
from labkit.backends.docker.store import CLAIM
from labkit.errors import LabError
from labkit.system.ownership import Judge, Kept

TRIAL = "trial-"


def tidy(keep: Callable[[Kept], None] | None = None) -> tuple[list[str], list[str]]:
    """Removes what killed deployments have left: (what was removed, which apps were kept). `keep`
    is told what stays, since nothing is known of its owner. Nothing of all that where Docker
    cannot be used."""
    judge = Judge(keep=keep)
    try:
        with connected() as apps:
            removed, kept = [], []
            for tag in apps.images.left(judge):
                apps.images.remove(tag)
                removed.append(f"image {tag}")
            removed += _forget_unused(apps, judge)
            for name in dict.fromkeys(container.app for container in apps.containers()):
                if _is_left_of_a_trial(name, judge):
                    removed.append(f"app {stop(name)}")
                    continue
                first = apps.containers(name)[0]
                kept.append(f"{name} ({url_of(first)}, {first.state})")
                removed += _remove_others(apps, name, judge)
            return removed, kept
    except LabError:
        return [], []


def trial_name(mark: str) -> str:
    """The name of an app that a lab deploys to measure, and not on purpose."""
    return f"{TRIAL}{mark}"


def _is_left_of_a_trial(name: str, judge: Judge) -> bool:
    by_hand = ["labkit", "paas", "stop", name]
    return name.startswith(TRIAL) and judge.takes(name.removeprefix(TRIAL), f"app {name}", by_hand)


def _forget_unused(apps: Apps, judge: Judge) -> list[str]:
    """Images of a first deployment that was killed."""
    removed = []
    for name in sorted(apps.without_container()):
        tags = [f"{repository(name)}:{tag}" for tag in apps.images.tags(name)]
        if not tags:
            continue  # a user's own image, made of an app's
        what, by_hand = f"images of the app {name}, which is not in place", command("rmi", *tags)
        if _is_left(apps, name, judge, what, by_hand):
            apps.images.forget_all(name)
            removed.append(what)
        elif not apps.images.claims(name):
            judge.keeps(what, "nothing says who has deployed it", by_hand)
    return removed


def _remove_others(apps: Apps, name: str, judge: Judge) -> list[str]:
    """The containers beside the one in place, and the claim of the deployment that was killed."""
    others, claims = (
        apps.containers(name)[1:],
        [f"{CLAIM}{mark}" for mark in apps.images.claims(name)],
    )
    by_hand = [command("rmi", *(f"{repository(name)}:{claim}" for claim in claims))]
    if others:
        by_hand.append(command("rm", "--force", *(other.container for other in others)))
    if not _is_left(apps, name, judge, f"the deployment of the app {name}", *by_hand):
        return []
    for other in others:
        apps.remove(other)
    for claim in claims:
        apps.images.forget(name, claim)
    return [f"container {other.container}" for other in others]


def _is_left(apps: Apps, name: str, judge: Judge, what: str, *by_hand: list[str]) -> bool:
    """Whether each of the app's deployments is known to have been killed; of none, nothing is."""
    killed = [judge.takes(mark, what, *by_hand) for mark in apps.images.claims(name)]
    return bool(killed) and all(killed)
