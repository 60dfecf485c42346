"""Requests to real sockets on the loopback address."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from labkit.errors import BackendError, GuestTimeout
from labkit.measure.web.client import answers, end_server, wait_for_answer
from labkit.system.clock import HostClock
from labkit.system.ports import LOOPBACK, reserved_port

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\npage"


@contextmanager
def server(*replies: bytes) -> Iterator[int]:
    """Gives each connection the next reply, the last one again and again."""
    with socket.create_server((LOOPBACK, 0)) as listening:
        listening.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            count = 0
            while not over.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    connection.recv(4096)
                    connection.sendall(replies[min(count, len(replies) - 1)])
                count += 1

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    ("reply", "counts"),
    [
        (WHOLE, True),
        (WHOLE[:-1], False),  # broken off
        (b"", False),
        (b"\x00\xff no HTTP\r\n\r\n", False),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_only_a_whole_answer_with_status_200_counts(reply: bytes, counts: bool) -> None:
    with server(reply) as port:
        assert answers(port, timeout=5) == counts


def test_the_first_answer_is_waited_for() -> None:
    clock = HostClock()
    begin = clock.now()
    with server(b"", WHOLE[:-2], WHOLE) as port:
        assert begin < wait_for_answer(port, clock) <= clock.now()


def test_a_server_that_never_answers_is_told() -> None:
    with reserved_port() as port, pytest.raises(GuestTimeout, match=r"within 0\.1 s") as caught:
        wait_for_answer(port, HostClock(), timeout=0.1)
    assert str(port) in caught.value.details


def test_a_server_that_has_died_is_waited_for_no_longer() -> None:
    def died() -> None:
        raise BackendError("it has died")

    with reserved_port() as port, pytest.raises(BackendError, match="it has died"):
        wait_for_answer(port, HostClock(), died)


def test_a_reserved_port_is_given_to_nobody_else_and_takes_a_server() -> None:
    with reserved_port() as port:
        assert not answers(port, timeout=1)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((LOOPBACK, port))
        with socket.create_server((LOOPBACK, port)) as listening:  # sets SO_REUSEADDR
            assert listening.getsockname() == (LOOPBACK, port)


@pytest.mark.parametrize("reply", [WHOLE, b""])
def test_a_server_that_is_told_to_end_may_be_gone_before_its_answer(reply: bytes) -> None:
    with server(reply) as port:
        end_server(port)


def test_a_server_that_cannot_be_told_to_end_is_an_error() -> None:
    reply = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    with server(reply) as port, pytest.raises(BackendError, match="could not be told to end"):
        end_server(port)
