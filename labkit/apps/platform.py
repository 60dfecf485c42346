"""Deploy, status, rollback, stop.

A release is tried as a candidate first; only when that has answered is the old version touched.
The new one takes over the old one's port, so the app's address stays; should it fail there, the
old one is started again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from labkit import image
from labkit.apps.build import write_app_image
from labkit.apps.containers import AppContainer, Apps, connected
from labkit.apps.images import repository
from labkit.apps.source import check_name, read_app
from labkit.errors import BackendError, UsageError
from labkit.measure.web.client import answers
from labkit.system.clock import wait_until
from labkit.system.owner_marks import scratch_folder
from labkit.system.ports import LOOPBACK

HEALTH_S = 15.0
KEPT_RELEASES = 5
REQUEST_S = 5.0


@dataclass(frozen=True)
class AppStatus:
    """An app as its user sees it. state: `healthy`, `silent` (runs, but GET / gives no 200), or
    what Docker says of its container."""

    name: str
    url: str
    state: str
    release: int
    releases: tuple[int, ...]


def deploy(
    folder: Path,
    *,
    name: str | None = None,
    timeout: float = HEALTH_S,
    say: Callable[[str], None] = lambda message: None,
) -> AppStatus:
    """Builds the code in a folder, tries it and puts it in the old version's place.

    Raises UsageError for a folder that is no app, BackendError when the new version does not
    answer within `timeout` seconds; the old version then runs on.
    """
    app = read_app(folder, name)
    base = image.build(progress=False)
    with connected() as apps:
        release = max(apps.images.releases(app.name, ours=False), default=0) + 1
        say(f"{app.name}: {app.kind}, {app.size} bytes of code; building release {release}")
        try:
            with scratch_folder() as scratch:
                archive = scratch / "app.tar"
                write_app_image(
                    base.container_tar, app, f"{repository(app.name)}:{release}", archive
                )
                apps.images.load(archive)
            _put(apps, app.name, release, timeout, say)
        except BaseException:
            apps.images.forget(app.name, release)
            raise
        for old in apps.images.releases(app.name)[:-KEPT_RELEASES]:
            apps.images.forget(app.name, old)
        return _status(apps, app.name)


def rollback(
    name: str,
    *,
    timeout: float = HEALTH_S,
    say: Callable[[str], None] = lambda message: None,
) -> AppStatus:
    """Puts the release before the current one in its place."""
    with connected() as apps:
        current = _existing(apps, name)[0].release
        before = [release for release in apps.images.releases(name) if release < current]
        if not before:
            raise UsageError(
                f"there is no release of {name} before release {current}",
                resolution="labkit paas status shows the releases that are kept",
            )
        _put(apps, name, before[-1], timeout, say)
        return _status(apps, name)


def stop(name: str) -> str:
    """Ends an app and removes its images; what was removed, in words."""
    with connected() as apps:
        containers = _existing(apps, name)
        for container in containers:
            apps.remove(container)
        return f"{name}: ended, {len(apps.images.forget_all(name))} releases removed"


def status() -> list[AppStatus]:
    """All apps, by name."""
    with connected() as apps:
        names = dict.fromkeys(container.app for container in apps.containers())
        return [_status(apps, name) for name in names]


def _put(apps: Apps, name: str, release: int, timeout: float, say: Callable[[str], None]) -> None:
    with apps.images.claimed(name, release):
        _try_and_replace(apps, name, release, timeout, say)


def _try_and_replace(
    apps: Apps, name: str, release: int, timeout: float, say: Callable[[str], None]
) -> None:
    with apps.candidate(name, release) as candidate:
        _require_healthy(apps, candidate, timeout)
        say(f"{name}: release {release} answers")
    before = apps.containers(name)
    old = before[0] if before else None
    with ExitStack() as undo:
        if old is not None:
            undo.callback(apps.resume, old)
            apps.halt(old)
        new = apps.start(name, release, old.port if old else None)
        undo.callback(apps.remove, new)
        _require_healthy(apps, new, timeout)
        undo.pop_all()
    for container in before:
        apps.remove(container)


def _require_healthy(apps: Apps, app: AppContainer, timeout: float) -> None:
    """Waits for an answer, or for the app's end: then there is nothing to wait for."""

    def over() -> bool:
        return answers(app.port, timeout=REQUEST_S) or apps.state(app) not in (
            "created",
            "running",
            "restarting",
        )

    wait_until(over, timeout=timeout, interval=0.02)
    if not answers(app.port, timeout=REQUEST_S):
        state = apps.state(app)
        how = f"GET / gave no 200 within {timeout:g} s" if state == "running" else f"it is {state}"
        output = apps.said(app)
        raise BackendError(
            f"release {app.release} of {app.app} is not healthy: it was not put in place",
            details=f"{how}; it said:\n{output}" if output else f"{how}; it said nothing",
            resolution="mend the code and deploy again; an old version runs on as it was",
        )


def _existing(apps: Apps, name: str) -> list[AppContainer]:
    containers = apps.containers(check_name(name))
    if not containers:
        names = ", ".join(dict.fromkeys(container.app for container in apps.containers()))
        raise UsageError(
            f"there is no app {name!r}",
            details=f"deployed are: {names}" if names else "nothing is deployed",
            resolution="labkit paas deploy FOLDER deploys one",
        )
    return containers


def _status(apps: Apps, name: str) -> AppStatus:
    app = _existing(apps, name)[0]
    state = app.state
    if app.runs:
        state = "healthy" if answers(app.port, timeout=REQUEST_S) else "silent"
    return AppStatus(name, url_of(app), state, app.release, tuple(apps.images.releases(name)))


def url_of(one: AppContainer) -> str:
    return f"http://{LOOPBACK}:{one.port}/"
