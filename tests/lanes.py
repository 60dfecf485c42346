"""Which tests run beside others: on two processors most do, those that measure do not.

A test is `alone` when it compares figures that a neighbour would disturb, or breaks or counts what
all tests of the computer share. The others run two at a time, in groups: the tests of one group
share fixtures that are dear (a booted machine, a module's backend), or must not meet.
"""

from __future__ import annotations

import re
from fnmatch import fnmatch

from xdist.scheduler import LoadScopeScheduling

BESIDE_OTHERS = (
    "tests/integration/test_arm64.py::*",
    "tests/integration/test_conformance.py::*",
    "tests/integration/test_disk_formats.py::*",
    "tests/integration/test_distribution.py::*",
    "tests/integration/test_docker_variants.py::*",
    "tests/integration/test_firejail.py::*",
    "tests/integration/test_isolation.py::*",
    "tests/integration/test_odd_folders.py::*",
    "tests/integration/test_ownership.py::*",
    "tests/integration/test_own_disks.py::*",
    "tests/integration/test_own_folder.py::*",
    "tests/integration/test_own_images.py::*",
    "tests/integration/test_paas.py::*",
    "tests/integration/test_programs.py::*",
    "tests/integration/test_reported_programs.py::*",
    "tests/integration/test_resumed.py::*",
    "tests/integration/test_runs.py::*",
    "tests/integration/test_shell.py::*",
    "tests/integration/test_start_events.py::*",
    "tests/integration/test_tasks.py::*",
    "tests/integration/test_torn_disks.py::*",
    "tests/integration/test_umask.py::*",
    "tests/integration/test_virtualbox*",
    "tests/integration/test_vmware.py::*",
    "tests/integration/test_web.py::*",
    "tests/kubernetes/*",
    "tests/notebooks/*",
    "tests/packaging/*",
    "tests/platforms/*",
    "tests/unit/*",
)
# Test → its group, where that is not its file: the first that fits.
GROUPS = (
    ("tests/integration/test_tasks.py::*", "tests/integration/test_paas.py"),
    ("tests/notebooks/test_live.py::*08-paas*", "tests/integration/test_paas.py"),
    ("tests/notebooks/test_live.py::*", "{test}"),
    ("tests/integration/test_conformance.py::*[[]virtualbox*", "virtualbox"),
    ("tests/kubernetes/*", "kubernetes"),
    ("tests/integration/test_odd_folders.py::test_a_pod*", "kubernetes"),
    ("tests/integration/test_conformance.py::*", "{backend}"),
    ("tests/integration/test_virtualbox*", "virtualbox"),
    ("tests/integration/test_distribution.py::*virtualbox*", "virtualbox"),
    ("tests/integration/test_own_disks.py::*", "virtualbox"),
    # They want the same image.
    ("tests/integration/test_reported_programs.py::*", "tests/integration/test_programs.py"),
    ("tests/platforms/*", "{test}"),
    ("tests/unit/*", "{test}"),
)
# The groups that take minutes: begun first, so that none runs on when all else is done.
LONG = (
    "virtualbox",
    "kubernetes",
    "tests/integration/test_ownership.py",
    "tests/integration/test_programs.py",
    "tests/integration/test_odd_folders.py",
    "tests/integration/test_own_images.py",
    "tests/integration/test_distribution.py",
    "tests/platforms/*",
    "tests/notebooks/test_live.py*",
)


def is_alone(test: str) -> bool:
    return not any(fnmatch(test, pattern) for pattern in BESIDE_OTHERS)


def group(test: str) -> str:
    """What a test, by its node id, has in common with others of its group."""
    named = (name for pattern, name in GROUPS if fnmatch(test, pattern))
    # A parameter beside the backend is a number.
    backend = re.sub(r"(-\d+)?\]$", "", test.partition("[")[2])
    return next(named, test.partition("::")[0]).format(test=test, backend=backend)


def turn(test: str) -> int:
    """When the group of a test begins: groups of the same turn do in the order of their files."""
    its_group = group(test)
    turns = (at for at, pattern in enumerate(LONG) if fnmatch(its_group, pattern))
    return next(turns, len(LONG))


class Lanes(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Sends each group to one worker. (The marker xdist_group would do it, but is passed over:
    pytest-xdist 3.8 writes it into a node id's private field that pytest 9.2 does not read.)"""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)
