"""A suite's list of packages (`Packages`): sixty thousand paragraphs, of which we want five."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.errors import ImageError
from labkit.image.download import Expected

if TYPE_CHECKING:
    from debian.deb822 import Deb822

_NEWER = "labkit image build --refresh"


@dataclass(frozen=True)
class Package:
    """One version of one package, and the address of its .deb."""

    name: str
    version: str
    sha256: str
    size: int
    url: str
    depends: str = ""

    @classmethod
    def of_paragraph(cls, name: str, fields: Deb822, mirror: str) -> Package:
        return cls(
            name=name,
            version=fields["Version"],
            sha256=fields["SHA256"],
            size=int(fields["Size"]),
            url=f"{mirror}/{fields['Filename']}",
            depends=fields.get("Depends", ""),
        )

    @property
    def expected(self) -> Expected:
        return Expected(self.sha256, self.size)


def find_packages(index: bytes, name: str, mirror: str) -> Iterator[Package]:
    """All versions of a package in an index. Found by text search: parsing the whole takes long."""
    text = b"\n" + index
    for match in re.finditer(rb"\nPackage: %b\n" % re.escape(name.encode()), text):
        yield Package.of_paragraph(name, read_paragraph(text, match.start() + 1), mirror)


def read_paragraph(index: bytes, start: int) -> Deb822:
    """The fields of the paragraph that begins there."""
    from debian.deb822 import Deb822

    end = index.find(b"\n\n", start)
    return Deb822(index[start : end if end >= 0 else len(index)])


def newest(packages: Iterable[Package], name: str) -> Package:
    """The highest version (deb-version(7)); ImageError when there is none."""
    from debian.debian_support import Version

    versions = sorted(packages, key=lambda package: Version(package.version))
    if not versions:
        raise ImageError(
            f"the mirror has no package {name}",
            details="its index does not list it",
            resolution=f"the mirror may be in mid-update; try again later: {_NEWER}",
        )
    return versions[-1]


def kernel_dependency(metapackage: Package) -> str:
    """The kernel package that the metapackage stands for: linux-image-VERSION-cloud-arm64."""
    kernel = re.search(r"\blinux-image-\S+-cloud-(?:amd64|arm64)\b", metapackage.depends)
    if not kernel:
        raise ImageError(
            f"the package {metapackage.name} names no kernel",
            details=f"it depends on: {metapackage.depends or 'nothing'}",
            resolution="bring a kernel: labkit image build --kernel FILE",
        )
    return kernel[0]
