from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from labkit.backends.own import ready, virtualbox
from labkit.backends.own.ready import Ready, read, stays_open, try_port
from labkit.backends.virtualbox.machine import Machine
from labkit.errors import BackendError, UsageError
from labkit.system.ports import LOOPBACK

Serve = Callable[[Callable[[socket.socket], None]], int]


@pytest.mark.parametrize(
    ("text", "is_"),
    [
        ("tcp:22", Ready("tcp", port=22)),
        ("http://:8080/", Ready("http", "/", 8080)),
        ("http://:80", Ready("http", "/", 80)),
        ("http://:80/health?full=1", Ready("http", "/health?full=1", 80)),
        ("console:login: ", Ready("console", "login: ")),
        ("line:READY=1:x", Ready("line", "READY=1:x")),
    ],
)
def test_a_condition_is_read(text: str, is_: Ready) -> None:
    assert read(text) == is_


@pytest.mark.parametrize(
    "text", ["", "tcp:", "tcp:0", "tcp:65536", "tcp:x", "http://host:80/", "https://:1/", "line:"]
)
def test_what_is_none_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        read(text)


@pytest.mark.parametrize("text", ["line:a\nb", "http://:80/\r\nHost: x", "console:\x1b[2J"])
def test_what_would_steer_a_terminal_or_a_request_is_none(text: str) -> None:
    with pytest.raises(UsageError):
        read(text)


def test_a_text_is_found_where_a_line_must_have_ended() -> None:
    console, line = read("console:a.b").pattern(), read("line:a.b").pattern()
    assert console and console.search(b"xa.b") and not console.search(b"axb")
    assert line and not line.search(b"xa.b!") and line.search(b"xa.b!\r\n")


@pytest.fixture
def served() -> Iterator[Serve]:
    """Makes a server that treats its one connection so; gives its port."""
    open_ones: list[socket.socket] = []

    def serve(treat: Callable[[socket.socket], None]) -> int:
        server = socket.create_server((LOOPBACK, 0))
        open_ones.append(server)

        def once() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                treat(connection)

        threading.Thread(target=once, daemon=True).start()
        return int(server.getsockname()[1])

    yield serve
    for one in open_ones:
        one.shutdown(socket.SHUT_RDWR)
        one.close()


def answer(status: str) -> Callable[[socket.socket], None]:
    def treat(connection: socket.socket) -> None:
        with connection:
            connection.recv(1000)
            connection.sendall(f"HTTP/1.0 {status}\r\n\r\n".encode())

    return treat


@pytest.mark.parametrize(
    ("status", "ready"), [("200 OK", True), ("301 Moved", True), ("503 Wait", False)]
)
def test_an_answer_counts_if_it_is_a_good_one(served: Serve, status: str, ready: bool) -> None:
    port = served(answer(status))
    assert (try_port(read("http://:1/"), port, None) is not None) == ready


def test_a_connection_that_is_given_up_at_once_was_taken_by_nobody(served: Serve) -> None:
    held: list[socket.socket] = []
    assert try_port(read("tcp:1"), served(held.append), stays_open) is not None
    assert try_port(read("tcp:1"), served(socket.socket.close), stays_open) is None
    for one in held:
        one.close()


@pytest.mark.parametrize(
    ("state", "shift", "is_"),
    [("ESTABLISHED", 0, True), ("SYN_SENT", 0, False), ("ESTABLISHED", 1, False)],
)
def test_a_machine_has_taken_what_its_network_lists_so(
    served: Serve, state: str, shift: int, is_: bool
) -> None:
    """Lines of QEMU's and VirtualBox's libslirp; another port is another machine's."""
    open_ones: list[socket.socket] = []
    port = served(open_ones.append)
    line = f"  TCP[{state}]  21  127.0.0.1 {port + shift}  10.0.2.15  8080     0     0\r\n"
    with socket.create_connection((LOOPBACK, port)) as connection:
        assert ready.held(connection, lambda: line, 0.1) == is_
    for one in open_ones:
        one.close()


def test_a_connection_that_the_guest_refuses_was_not_taken(served: Serve) -> None:
    with socket.create_connection((LOOPBACK, served(socket.socket.close))) as connection:
        assert not ready.held(connection, str, 5.0)


def test_an_older_virtualbox_that_lists_nothing_is_told() -> None:
    class Older:
        def connections(self, *, name: str) -> str:
            return "no list"

    class Its:
        name, engine, manage = "tiny", "vbox-hm", Older()

    with (
        socket.create_server((LOOPBACK, 0)) as server,
        socket.create_connection(server.getsockname()) as connection,
        pytest.raises(BackendError) as caught,
    ):
        virtualbox._taken(cast(Machine, Its()), connection)
    assert "console:" in caught.value.resolution


def test_where_nobody_listens_it_is_not_ready() -> None:
    with socket.socket() as free:
        free.bind((LOOPBACK, 0))
        assert try_port(read("tcp:1"), free.getsockname()[1], stays_open) is None
