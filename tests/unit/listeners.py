"""What listens in a Docker daemon's place: silent, speaking HTTP, speaking TLS. Real sockets."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer, TCPServer, ThreadingMixIn, UnixStreamServer


@contextmanager
def listening(path: Path, queue: int = 64) -> Iterator[None]:
    """Accepts connections, and says nothing."""
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(path))
        listener.listen(queue)
        try:
            yield
        finally:
            path.unlink()


class _Unix(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True


class _Tcp(ThreadingMixIn, TCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not speak TLS is what is tested."""


@contextmanager
def answering(path: Path, status: int, answer: object) -> Iterator[None]:
    """Answers every request alike; a text is no JSON."""
    with _Unix(str(path), _handler(status, answer)) as server, _serving(server):
        yield
    path.unlink()


@contextmanager
def speaking_plainly() -> Iterator[int]:
    """HTTP without TLS: its port on loopback."""
    with _Tcp(("127.0.0.1", 0), _handler(200, "{}")) as server, _serving(server):
        yield server.server_address[1]


@contextmanager
def speaking_tls(folder: Path) -> Iterator[tuple[int, Path]]:
    """Its port on loopback, and the folder with the certificates that it accepts."""
    folder.mkdir()
    make_certificates(folder)
    with _Tcp(("127.0.0.1", 0), _handler(200, "{}")) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        context.load_verify_locations(folder / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with _serving(server):
            yield server.server_address[1], folder


@contextmanager
def _serving(server: BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _handler(status: int, answer: object) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answer if isinstance(answer, str) else json.dumps(answer)
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if answer == body else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body.encode())

        def log_message(self, *words: object) -> None:
            pass

        def address_string(self) -> str:
            return ""

    return Handler


def make_certificates(folder: Path) -> None:
    """One that has signed itself, for the server and for its client."""
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "1", *subject, *made],
        check=True, capture_output=True,
    )  # fmt: skip
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
