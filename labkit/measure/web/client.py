"""One request, and the wait for the first answer. All on this computer's loopback address."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from contextlib import closing

from labkit.errors import BackendError, GuestTimeout
from labkit.system.clock import Clock
from labkit.system.ports import LOOPBACK

# Between the end of an attempt without an answer and the next: also how late the first answer may
# be noted. Each attempt costs the host about half a millisecond of CPU time.
POLL_S = 0.002
END = "/end.sh"
FIRST_TIMEOUT_S = 60.0
# What a request may take; an interpreted machine needs seconds for one.
REQUEST_TIMEOUT_S = 15.0
# Refused, ended half-way, nothing within the time limit, or no HTTP.
NO_ANSWER = (OSError, http.client.HTTPException)


def get(port: int, path: str = "/", timeout: float = REQUEST_TIMEOUT_S) -> int:
    """The status of an answer that has arrived to its end; else one of NO_ANSWER. Each request
    has a connection of its own."""
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=timeout)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status


def answers(port: int, path: str = "/", timeout: float = REQUEST_TIMEOUT_S) -> bool:
    """Whether a request got a whole answer with the status 200."""
    try:
        return get(port, path, timeout) == http.client.OK
    except NO_ANSWER:
        return False


def end_server(port: int) -> None:
    """Tells a server of the lab image to end. BackendError where it answers that it did not."""
    try:
        status = get(port, END)
    except NO_ANSWER:  # it may be gone before its answer is
        return
    if status != http.client.OK:
        raise BackendError(
            "the server could not be told to end",
            details=f"{END} was answered with the status {status}",
        )


def wait_for_answer(
    port: int,
    clock: Clock,
    require_running: Callable[[], None] = lambda: None,
    *,
    timeout: float = FIRST_TIMEOUT_S,
) -> float:
    """When the first whole answer with the status 200 had arrived, on this clock. GuestTimeout, or
    what `require_running` raises of a server that has died meanwhile."""
    deadline = clock.now() + timeout
    while not answers(port, timeout=min(REQUEST_TIMEOUT_S, max(0.05, deadline - clock.now()))):
        require_running()
        if clock.now() >= deadline:
            raise GuestTimeout(
                f"the server has not answered within {timeout:g} s",
                details=f"no whole answer with the status 200 came from port {port}",
            )
        clock.sleep(POLL_S)
    return clock.now()
