"""Logging in at an instance's console: the other side is a thread that says what a real one did."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from labkit.backends.distribution import login
from labkit.backends.distribution.container import SETTINGS
from labkit.backends.distribution.login import BOOTED, PLAIN, READY, LoginInstance
from labkit.backends.distribution.machine import announced
from labkit.backends.own.instance import OwnInstance, Said
from labkit.backends.own.ready import read
from labkit.backends.timeline import Timeline
from labkit.errors import BackendError, GuestTimeout
from labkit.guest.channel import Channel
from labkit.guest.programs import metrics_of, version_of
from labkit.system.clock import HostClock

Other = Callable[[socket.socket], None]
PROMPT = b"\x1b[?2004hroot@debian:~# "
ANSWER = (
    b"labkit-begins\r\nsystem is running\r\n"
    b"Startup finished in 547ms (userspace) \r\nlabkit-ends\r\n"
)


@pytest.fixture
def console() -> Iterator[Callable[[Other], Said]]:
    """What an instance says whose side of the console this function is."""
    ends, threads = [], []

    def made(other: Other) -> Said:
        ours, theirs = socket.socketpair()
        ends.extend([ours, theirs])
        threads.append(threading.Thread(target=other, args=(theirs,)))
        threads[-1].start()
        channel = Channel(ours.fileno(), ours.fileno())
        return Said(channel, HostClock(), read(READY).pattern())

    yield made
    for end in ends:
        end.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    for end in ends:
        end.close()


def instance(said: Said, *, booted: bool = True) -> LoginInstance:
    timeline = Timeline(HostClock())
    return LoginInstance(said, timeline, tuple, lambda: None, booted=booted)


def obliging(line: socket.socket) -> None:
    """Echoes, as a terminal does, and the answer is torn."""
    line.sendall(b"Debian GNU/Linux 12 debian ttyS0\r\n\r\ndebian login: ")
    assert line.recv(100) == b"root\n"
    line.sendall(b"root\r\nLast login: never\r\n" + PROMPT)
    asked = b""
    while not asked.endswith(b"\n"):
        asked += line.recv(4096)
    line.sendall(asked.replace(b"\n", b"\r\n") + ANSWER[:20])
    line.sendall(ANSWER[20:] + PROMPT)


def test_one_logs_in_and_is_told(console: Callable[[Other], Said]) -> None:
    with console(obliging) as said:
        found = instance(said)
        found.wait_ready(10)
        told = found.told()
    text = "system is running\nStartup finished in 547ms (userspace)\n"
    assert told == {"systemd-analyze": text}


def test_kernel_and_system_are_called_what_the_console_calls_them(
    console: Callable[[Other], Said],
) -> None:
    def booting(line: socket.socket) -> None:
        line.sendall(b"SeaBIOS\r\nWelcome to GRUB!\r\n[    0.000000] Linux version 6.1.0-3")
        line.sendall(b"2-amd64 (debian-kernel@lists.debian.org) #1 SMP\r\n" + b"x" * 40000)
        line.sendall(b"Welcome to \x1b[1mDebian (Initramfs)\x1b[0m!\r\n" + b"y" * 9000)
        line.sendall(b"Welcome to \x1b[1mDebian GNU/Linux 12 (bookworm)\x1b[0m!\r\n\r\n")
        line.sendall(b"debian login: ")

    with console(booting) as said:
        found = OwnInstance(said, Timeline(HostClock()), None, tuple, lambda: None)
        found.wait_ready(10)
        text = found.told()["console"]
    assert text == "Linux version 6.1.0-32-amd64\nWelcome to Debian GNU/Linux 12 (bookworm)\n"
    assert version_of("console", text) == "Linux version 6.1.0-32-amd64"
    assert metrics_of("console", text) == []


def test_a_program_that_welcomes_is_no_kernel(console: Callable[[Other], Said]) -> None:
    def app(line: socket.socket) -> None:
        line.sendall(b"Welcome to Strapi!\r\nlogin: ")

    with console(app) as said:
        found = OwnInstance(said, Timeline(HostClock()), None, tuple, lambda: None)
        found.wait_ready(10)
        assert found.told() == {}


def test_without_systemd_nobody_is_asked(console: Callable[[Other], Said]) -> None:
    with console(lambda line: None) as said:
        assert instance(said, booted=False).told() == {}


def test_who_lets_nobody_in_is_not_waited_for(
    console: Callable[[Other], Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "LOGIN_S", 0.2)
    with (
        console(lambda line: line.sendall(b"debian login: Login incorrect")) as said,
        pytest.raises(GuestTimeout) as caught,
    ):
        instance(said).told()
    assert "Login incorrect" in caught.value.details


def test_one_that_ends_meanwhile_is_told(console: Callable[[Other], Said]) -> None:
    with (
        console(lambda line: line.shutdown(socket.SHUT_WR)) as said,
        pytest.raises(BackendError, match="it ended"),
    ):
        instance(said).told()


def test_the_kernels_first_line_is_its_milestone() -> None:
    timeline = Timeline(HostClock())
    timeline.mark("requested", 1.0)
    heard = announced(timeline)
    heard(2.0, b"Loading /VMLINUZ... ok\r\n")
    heard(3.0, b"ok\r\n[    0.000000] Linux version 6.1.0-57-cloud-amd64 (deb")
    heard(4.0, b"[    0.000000] Linux version 6.1.0-57-cloud-amd64 (debian-kernel@")
    assert timeline.since_requested() == {"requested": 0.0, "kernel": 2.0}


def test_only_a_container_with_systemd_may_mount() -> None:
    assert SETTINGS[BOOTED]["cap_add"] == ["SYS_ADMIN"]
    assert SETTINGS[BOOTED]["stop_signal"] == "SIGRTMIN+3"
    assert not {"cap_add", "security_opt", "privileged"} & SETTINGS[PLAIN].keys()
    assert "privileged" not in SETTINGS[BOOTED]
