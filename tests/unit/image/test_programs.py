from __future__ import annotations

import io
import posixpath
import tarfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from labkit.image.maintainer import accounts, alternatives
from labkit.image.merged_usr import merged, relative
from labkit.image.programs import program_entries
from labkit.image.rootfs import Entry, lab_entries, text
from tests.unit.image.archive import make_ar

BUSYBOX = b"\x7fELF busybox"


def deb(path: Path, members: list[tarfile.TarInfo], postinst: str = "") -> Path:
    """A package whose files are their own names."""
    control = {"control": b"Package: any\n", "postinst": postinst.encode()}
    own = [_file(name, content) for name, content in control.items()]
    data = [(one, one.name.encode() if one.isreg() else b"") for one in members]
    path.write_bytes(make_ar(_tar(own), _tar(data)))
    return path


def _file(name: str, content: bytes) -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(f"./{name}"), content


def _tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def member(
    name: str, *, kind: bytes = tarfile.REGTYPE, to: str = "", mode: int = 0o644
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(f"./{name}")
    info.type, info.linkname, info.mode = kind, to, mode
    return info


def root(tmp_path: Path, *members: tarfile.TarInfo, postinst: str = "") -> dict[str, Entry]:
    package = deb(tmp_path / "any.deb", list(members), postinst)
    lab = lab_entries(BUSYBOX, {"lab/agent": b"agent", "init": b"init"})
    return {entry.path: entry for entry in program_entries([package], lab)}


def test_a_merged_root_with_the_labs_own_files_in_it(tmp_path: Path) -> None:
    found = root(tmp_path, member("bin/tool"), member("lib/x86_64-linux-gnu/libc.so.6"))
    assert [found[name].data for name in ("bin", "lib64")] == [b"usr/bin", b"usr/lib64"]
    assert found["usr/bin/busybox"].data == BUSYBOX and found["usr/bin/sh"].data == b"busybox"
    assert {
        "usr/bin/tool",
        "usr/lib/x86_64-linux-gnu/libc.so.6",
        "lab/agent",
        "init",
    } <= found.keys()
    for path in found:
        assert posixpath.dirname(path) in {"", *found}
    assert list(found) == sorted(found)


def test_the_labs_busybox_is_not_a_packages(tmp_path: Path) -> None:
    assert root(tmp_path, member("usr/bin/busybox"))["usr/bin/busybox"].data == BUSYBOX


def test_a_link_from_the_root_stays_in_the_folder(tmp_path: Path) -> None:
    loader = member("lib64/ld.so", kind=tarfile.SYMTYPE, to="/lib/x86_64-linux-gnu/ld.so")
    assert root(tmp_path, loader)["usr/lib64/ld.so"].data == b"../lib/x86_64-linux-gnu/ld.so"


def test_a_second_name_of_a_file_is_a_second_file(tmp_path: Path) -> None:
    found = root(
        tmp_path,
        member("usr/bin/perl", mode=0o755),
        member("usr/bin/perl5", kind=tarfile.LNKTYPE, to="./usr/bin/perl"),
    )
    assert found["usr/bin/perl5"].data == found["usr/bin/perl"].data == b"./usr/bin/perl"
    assert found["usr/bin/perl5"].mode == 0o100755


def test_no_program_has_the_rights_of_another_user(tmp_path: Path) -> None:
    found = root(tmp_path, member("bin/su", mode=0o4755), member("run/x", mode=0o2640))
    assert found["usr/bin/su"].mode == 0o100755 and found["run/x"].mode == 0o100640


def test_manuals_are_left_out_and_licences_are_not(tmp_path: Path) -> None:
    names = ("usr/share/man/man1/x.1.gz", "usr/share/doc/x/README", "usr/share/doc/x/copyright")
    found = root(tmp_path, *map(member, names))
    assert [name in found for name in names] == [False, False, True]


def test_users_that_a_package_asks_for() -> None:
    masters = {
        f"usr/share/base-passwd/{name}.master": text("", content)
        for name, content in (("passwd", "root:*:0:0::/root:/bin/sh\n"), ("group", "root:*:0:\n"))
    }
    sysusers = {"usr/lib/sysusers.d/one.conf": text("", "# a list\nu one - - /\ng three\n")}
    scripts = [
        'USER="redis"\n adduser \\\n --system --home /var/lib/redis \\\n --quiet ${USER} || true\n',
        "adduser --quiet --system --no-create-home --gecos 'A name' two >/dev/null\n",
        'adduser --system $quiet --home /x --gecos "A name" --group postgres\n',
        "# adduser --system none\nadduser four group\nadduser --system $(name)\n",
    ]
    made = {entry.path: entry.data.decode() for entry in accounts({**masters, **sysusers}, scripts)}
    users = [line.split(":")[0] for line in made["etc/passwd"].splitlines()]
    assert users == ["root", "one", "postgres", "redis", "two"]
    assert made["etc/group"].startswith("root:*:0:\none:*:100:\n")


def test_the_alternative_with_the_highest_priority_whose_file_is_there() -> None:
    files = dict.fromkeys(["usr/bin/gcc", "usr/bin/clang", "usr/share/gcc.1"], text("", ""))
    scripts = [
        "update-alternatives --install /usr/bin/cc cc /usr/bin/gcc 20 \\\n"
        "  --slave /usr/share/cc.1 cc.1 /usr/share/gcc.1\n",
        "update-alternatives --install /bin/cc cc /usr/bin/clang 10\n",
        "update-alternatives --install /usr/bin/cc cc /usr/bin/gone 90\n",
    ]
    made = {entry.path: entry.data for entry in alternatives(files, scripts)}
    assert made == {"usr/bin/cc": b"gcc", "usr/share/cc.1": b"gcc.1"}


parts = st.lists(st.sampled_from(["bin", "lib", "usr", "etc", "a"]), min_size=1, max_size=5)


@given(parts, parts)
def test_a_relative_link_leads_to_the_same_place_in_a_merged_root(
    place: list[str], target: list[str]
) -> None:
    path = merged("/".join(place))
    leads = posixpath.join("/", posixpath.dirname(path), relative(path, "/" + "/".join(target)))
    assert merged(leads) == merged("/".join(target))
