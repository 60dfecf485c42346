from __future__ import annotations

import socket
import ssl
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from labkit.backends.docker.stream import HEAD, KEEP, Demultiplexer, decrypted
from tests.unit.listeners import make_certificates

frames = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=8)


@given(frames, st.integers(1, 50))
def test_streams_are_told_apart_however_the_bytes_are_torn(
    sent: list[tuple[int, bytes]], size: int
) -> None:
    wire = b"".join(HEAD.pack(stream, len(content)) + content for stream, content in sent)
    taken_apart = Demultiplexer()
    output = b"".join(taken_apart.feed(wire[at : at + size]) for at in range(0, len(wire), size))
    assert output == b"".join(content for stream, content in sent if stream == 1)
    assert taken_apart.stderr == b"".join(c for stream, c in sent if stream == 2)[-KEEP:]


def test_only_the_end_of_a_long_standard_error_is_kept() -> None:
    taken_apart = Demultiplexer()
    taken_apart.feed(HEAD.pack(2, KEEP + 3) + b"abc" + b"x" * KEEP)
    assert taken_apart.stderr == b"x" * KEEP


def test_what_comes_by_tls_can_be_waited_for(tmp_path: Path) -> None:
    """More than one record, in both directions, and the end."""
    make_certificates(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    raw, far = socket.socketpair()
    sent = bytes(range(256)) * 400

    def echo() -> None:
        with server.wrap_socket(far, server_side=True) as other:
            other.sendall(b"hello")
            received = b""
            while len(received) < len(sent):
                received += other.recv(1000)
            other.sendall(received)

    thread = threading.Thread(target=echo)
    thread.start()
    with client.wrap_socket(raw) as connection, decrypted(connection) as plain:
        plain.settimeout(30)
        plain.sendall(sent)
        came = b""
        while data := plain.recv(4096):
            came += data
    thread.join()
    assert came == b"hello" + sent
