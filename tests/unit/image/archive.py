"""A tiny Debian archive on a loopback port, with packages made here."""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KERNEL_NAME = "linux-image-6.1.0-7-cloud-amd64"
INDEX = "main/binary-amd64/Packages.xz"


def make_arm_kernel() -> bytes:
    return bytes(0x38) + b"ARM\x64" + b"\0Linux version 6.1.0-7-cloud-arm64 (debian) #1\0"


def make_kernel(version: str = "6.1.0-7-cloud-amd64", padding: int = 5000) -> bytes:
    """A file with the boot header of a kernel, and nothing to boot."""
    header = bytearray(0x400)
    header[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", header, 0x20E, 0x400 - 0x200)
    return bytes(header) + f"{version} (debian) #1\0".encode() + bytes(padding)


def make_deb(files: dict[str, bytes]) -> bytes:
    """A binary package."""
    return make_ar(_tar_xz({"control": b"Package: any\n"}), _tar_xz(files))


def make_ar(control: bytes, data: bytes) -> bytes:
    """An ar archive of three members (deb(5))."""
    members = {"debian-binary": b"2.0\n", "control.tar.xz": control, "data.tar.xz": data}
    archive = b"!<arch>\n"
    for name, content in members.items():
        archive += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        archive += content + b"\n" * (len(content) % 2)
    return archive


def _tar_xz(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class Archive:
    """Add packages, publish a suite, break what a test wants broken."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        self.truncated: set[str] = set()
        self._paragraphs: dict[str, list[str]] = {}
        self._index = INDEX
        handler = partial(_Handler, self)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/debian"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(
        self,
        name: str,
        files: dict[str, bytes],
        *,
        version: str = "1.0-1",
        depends: str = "",
        suite: str = "bookworm",
    ) -> Path:
        deb = make_deb(files)
        path = f"pool/{name}_{version}_amd64.deb"
        (self.folder / "debian/pool").mkdir(parents=True, exist_ok=True)
        (self.folder / "debian" / path).write_bytes(deb)
        lines = [
            f"Package: {name}",
            f"Version: {version}",
            *([f"Depends: {depends}"] if depends else []),
            f"Filename: {path}",
            f"Size: {len(deb)}",
            f"SHA256: {hashlib.sha256(deb).hexdigest()}",
        ]
        self._paragraphs.setdefault(suite, []).append("\n".join(lines) + "\n")
        return self.folder / "debian" / path

    def publish(
        self, suite: str = "bookworm", *, origin: str = "Debian", by_hash: bool = False
    ) -> Path:
        """Writes the suite's index and its Release file (unsigned); returns the latter."""
        packages = lzma.compress("\n".join(self._paragraphs.get(suite, [])).encode())
        digest = hashlib.sha256(packages).hexdigest()
        dist = self.folder / "debian/dists" / suite
        hashed = self._index.replace("Packages.xz", f"by-hash/SHA256/{digest}")
        path = hashed if by_hash else self._index
        (dist / path).parent.mkdir(parents=True, exist_ok=True)
        (dist / path).write_bytes(packages)
        release = dist / "InRelease"
        release.write_text(
            f"Origin: {origin}\nCodename: {suite}\nAcquire-By-Hash: {'yes' if by_hash else 'no'}\n"
            f"SHA256:\n {digest} {len(packages)} {self._index}\n"
        )
        return release

    def fill(self, architecture: str = "amd64") -> None:
        """All packages that the lab image takes, and then no others."""
        self._paragraphs.clear()
        self._index = INDEX.replace("amd64", architecture)
        self.add("busybox-static", {"bin/busybox": b"\x7fELF busybox"})
        self.add("isolinux", {"usr/lib/ISOLINUX/isolinux.bin": bytes(4096)})
        self.add("syslinux-common", {"usr/lib/syslinux/modules/bios/ldlinux.c32": b"ldlinux"})
        kernel = KERNEL_NAME.replace("amd64", architecture)
        data = make_kernel() if architecture == "amd64" else make_arm_kernel()
        self.add(f"linux-image-cloud-{architecture}", {}, depends=f"{kernel} (= 1.0-1)")
        self.add(kernel, {f"boot/vmlinuz-6.1.0-7-cloud-{architecture}": data})
        self.publish()
        self.publish("bookworm-security")


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, archive: Archive, *args: object) -> None:
        self.archive = archive
        super().__init__(*args, directory=str(archive.folder))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.archive.requests.append(self.path)
        if not any(part in self.path for part in self.archive.truncated):
            return super().do_GET()
        data = (self.archive.folder / self.path.lstrip("/")).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass
