"""What packages would set up by their maintainer scripts, read from these and never run: users and
alternatives. Only what a script says in plain words is found: a name that a shell would have to
work out is not.

Formats: sysusers.d(5), passwd(5), group(5), update-alternatives(1), adduser(8).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from labkit.image.merged_usr import merged
from labkit.image.rootfs import Entry, link, text

# base-passwd's lists of what every Debian has; its script copies them.
_MASTER = "usr/share/base-passwd/{}.master"
_SYSUSERS = re.compile(r"usr/lib/sysusers\.d/[^/]+\.conf")
_ADDUSER = re.compile(r"^[^#\n]*\badduser\s+(--\S.*)$", re.MULTILINE)
_ALTERNATIVE = re.compile(
    r"(?:--install|--slave)\s+(/\S+)\s+([\w.+-]+)\s+(/[^\s;&|]+)(?:\s+(\d+))?"
)
_OPTION = re.compile(
    r"--(?:home|shell|gecos|ingroup|gid|uid|comment)[\s=]+(?:\"[^\"]*\"|'[^']*'|\S+)"
)
_VARIABLE = re.compile(r"^\s*([A-Z_]+)=[\"']?([\w./-]+)[\"']?\s*$", re.MULTILINE)
_FIRST_ID = 100  # of users that packages make (Policy 9.2.2)
_NAME = re.compile(r"[a-z_][a-z0-9_-]*")


def accounts(found: Mapping[str, Entry], scripts: Iterable[str]) -> Iterator[Entry]:
    """/etc/passwd and /etc/group: Debian's own users, and those that the packages ask for, each
    with a group of its name. Nobody can log in."""
    listed = {name: _content(found, _MASTER.format(name)) for name in ("passwd", "group")}
    known = {line.split(":")[0] for line in listed["passwd"].splitlines()}
    for number, name in enumerate(sorted(_system_users(found, scripts) - known), _FIRST_ID):
        listed["passwd"] += f"{name}:*:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
        listed["group"] += f"{name}:*:{number}:\n"
    for name, content in listed.items():
        yield text(f"etc/{name}", content)


def alternatives(found: Mapping[str, Entry], scripts: Iterable[str]) -> Iterator[Entry]:
    """A link for each name that several packages may stand for: to the file with the highest
    priority, as update-alternatives(1) does by itself."""
    best: dict[str, tuple[int, str]] = {}
    for script in scripts:
        priority = 0
        for name, _, target, number in _ALTERNATIVE.findall(_plain(script)):
            priority = int(number) if number else priority  # those of a slave are its master's
            place, file = merged(name), merged(target)
            if file in found and place not in found:
                best[place] = max(best.get(place, (-1, "")), (priority, file))
    for place, (_, file) in sorted(best.items()):
        yield link(place, posixpath.relpath(f"/{file}", f"/{posixpath.dirname(place)}"))


def _system_users(found: Mapping[str, Entry], scripts: Iterable[str]) -> set[str]:
    lines = [
        line.split()
        for path in found
        if _SYSUSERS.fullmatch(path)
        for line in _content(found, path).splitlines()
    ]
    users = {words[1] for words in lines if len(words) > 1 and words[0].startswith("u")}
    for script in scripts:
        calls = [words for words in _ADDUSER.findall(_plain(script)) if "--system" in words]
        users |= {name for words in calls for name in _user(words)}
    return {name for name in users if _NAME.fullmatch(name)}


def _user(words: str) -> list[str]:
    """The first word that is neither an option nor an option's value nor known to a shell only."""
    command = re.split(r"[;&|<>]", words)[0]
    named = [word.strip("\"'") for word in _OPTION.sub("", command).split()]
    return [word for word in named if not word.startswith(("-", "$"))][:1]


def _plain(script: str) -> str:
    """Its lines whole, and in place of its variables what it has set them to, where that is one
    word."""
    known = dict(_VARIABLE.findall(script))
    joined = script.replace("\\\n", " ")
    return re.sub(r"\$\{?([A-Z_]+)\}?", lambda found: known.get(found[1], found[0]), joined)


def _content(found: Mapping[str, Entry], path: str) -> str:
    return found[path].data.decode("utf-8", errors="replace") if path in found else ""
