"""`qemu:disk=FILE:seed=nocloud`: what a cloud image looks for at its first boot, and no cloud gives
it here. Without it, such an image waits, or boots without keys for its SSH server.

cloud-init's data source NoCloud (its documentation, "NoCloud"): a file system with the label CIDATA
and in it the files meta-data and user-data. Ours is an ISO 9660 with Rock Ridge and Joliet names,
and says as little as it can, so that the image does what it does by itself:

meta-data   instance-id: one that the disk has not seen, so that each start is a first boot (what is
            written to the disk goes with the machine); local-hostname, which tells the console's
            login prompt from the image's own
user-data   no list of packages is fetched and none is upgraded: that would measure a mirror. No
            user, no password, no key: nobody logs in
(none)      no network-config: cloud-init itself then asks for an address by DHCP on the one card,
            in each distribution's own way
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

from labkit.backends.base import Missing
from labkit.system import plain_files

NOCLOUD = "nocloud"
HOSTNAME = "labkit"
FILES = {
    "meta-data": f"instance-id: labkit-first-boot\nlocal-hostname: {HOSTNAME}\n",
    "user-data": "#cloud-config\npackage_update: false\npackage_upgrade: false\n",
}
LABEL = "CIDATA"
FACT = "cloud-init seed"  # its name in a manifest
USE = f"name a medium of your own, such as cloud-localds(1) makes it, or use seed={NOCLOUD}"


def problem(chosen: str) -> Missing | None:
    """Why there is no seed; `chosen` is NOCLOUD or a file with a medium."""
    if chosen == NOCLOUD:
        return None
    try:
        plain_files.require_plain(place(chosen))
        place(chosen).open("rb").close()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        return Missing(f"the seed {chosen} cannot be read: {why}", USE)
    return None


def place(chosen: str) -> Path:
    """The file that the setting names."""
    return Path(chosen).expanduser()


def described(chosen: str) -> str:
    """What was given to cloud-init, for a manifest."""
    if chosen == NOCLOUD:
        digest = hashlib.sha256("".join(FILES.values()).encode()).hexdigest()
        return f"made by the lab, host name {HOSTNAME}, sha256 {digest[:12]}"
    return f"one's own, sha256 {hashlib.sha256(place(chosen).read_bytes()).hexdigest()[:12]}"


def medium() -> bytes:
    """The one with FILES."""
    import pycdlib

    written = io.BytesIO()
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, vol_ident=LABEL, joliet=3, rock_ridge="1.09")
    try:
        for name, text in FILES.items():
            data, short = text.encode(), name.upper().replace("-", "_")
            iso.add_fp(
                io.BytesIO(data),
                len(data),
                f"/{short}.;1",
                rr_name=name,
                joliet_path=f"/{name}",
            )
        iso.write_fp(written)
    finally:
        iso.close()
    return written.getvalue()
