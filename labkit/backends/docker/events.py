"""What dockerd and containerd themselves say about a start, each event with its time.

dockerd: Engine API, GET /events. containerd: `ctr events`, topics of its events package. Both
stamp their events with the host's wall clock, in nanoseconds.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from labkit.backends.docker.client import connected, daemon_errors
from labkit.backends.docker.containers import OWNER_LABEL
from labkit.backends.engine_parts.containerd import find_socket
from labkit.system.owner_marks import owner, scratch_folder
from labkit.system.process import end, find_tool, spawn

SUBSCRIBED_S = 0.5  # ctr does not say when it listens
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)? \+0000 UTC \S+ (/\S+) (\{.*)")


@dataclass(frozen=True)
class Event:
    """container: the whole id; at: seconds since 1970."""

    container: str
    source: Literal["dockerd", "containerd"]
    event: str
    at: float


@contextmanager
def containerd_watched() -> Iterator[list[Event]]:
    """containerd's events of this context, there at its end; none without ctr or its socket."""
    events: list[Event] = []
    address = find_socket()
    if address is None or find_tool("ctr") is None:
        yield events
        return
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        log = folder / "events"  # a pipe that nobody empties would fill
        process = spawn(["ctr", "--address", str(address), "events"], log=log)
        stack.callback(end, process)
        time.sleep(SUBSCRIBED_S)
        yield events
        time.sleep(SUBSCRIBED_S)
        events += parse_containerd(log.read_text(encoding="utf-8", errors="replace").splitlines())


def parse_containerd(lines: Iterable[str]) -> list[Event]:
    """Lines of `ctr events`; what is none is passed over."""
    events = []
    for line in lines:
        match = LINE.fullmatch(line)
        if match is None:
            continue
        moment = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        content = json.loads(match[4])
        container = content.get("container_id") or content.get("id") or ""
        at = moment.timestamp() + float(match[2] or 0)
        events.append(Event(container, "containerd", match[3].lstrip("/").replace("/", " "), at))
    return events


def docker_events(since: float, until: float) -> list[Event]:
    """dockerd's events of the containers that this process has started in that time."""
    with daemon_errors("tell its events"), connected() as client:
        # Whole seconds: the stream ends with the last one, when that is over.
        printed = client.events(since=int(since), until=int(until) + 1, decode=True)
        raw: list[dict[str, Any]] = list(printed)
    own = {
        event["Actor"]["ID"]
        for event in raw
        if event["Actor"]["Attributes"].get(OWNER_LABEL) == owner()
    }
    events = []
    for event in raw:
        actor = event["Actor"]
        container = actor["Attributes"].get("container", actor["ID"])
        if container in own:
            name = f"{event['Type']} {event['Action']}"
            events.append(Event(container, "dockerd", name, event["timeNano"] / 1e9))
    return events
