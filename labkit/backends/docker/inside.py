"""To what a container is held, as it is seen from inside."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

from labkit.backends.instance import Instance
from labkit.errors import BackendError
from labkit.guest.protocol import Script
from labkit.system.limits import Held

# Version 2 of control groups, then version 1: what is not there is not printed.
LOOK_INSIDE = r"""
cd /sys/fs/cgroup && [ -n "$(ls)" ] && echo "groups shown"
sed "s/^/memory /" memory.max memory/memory.limit_in_bytes
sed "s/\(.*\) /quota_us \1\nperiod_us /" cpu.max
sed "s/^/quota_us /" cpu/cpu.cfs_quota_us
sed "s/^/period_us /" cpu/cpu.cfs_period_us
sed -n "s/,//g; s/^Cpus_allowed:/mask/p" /proc/self/status
echo "online $(grep -c ^processor /proc/cpuinfo)"
sed -n "s/^MemTotal:/total_kib/p" /proc/meminfo
"""


def held_inside(instance: Instance) -> Held:
    """By the control groups that the engine shows to the container, and the kernel's word on its
    CPUs. Nothing where it does not answer."""
    with suppress(BackendError):
        printed = instance.shell(Script(LOOK_INSIDE)).out.decode(errors="replace")
        return _held(dict(re.findall(r"^(\w+)\s+(\w+)", printed, re.MULTILINE)))
    return Held()


def _held(facts: Mapping[str, str]) -> Held:
    """A group without a limit has the word max there, or a number beyond any memory. Where groups
    are shown, but no memory controller, nothing limits the memory."""
    number = {name: int(text) for name, text in facts.items() if text.isdecimal()}
    total = number["total_kib"] << 10 if "total_kib" in number else None
    memory = [n for n in (number.get("memory"), total) if n is not None and "groups" in facts]
    cpus = [float(int(facts["mask"], 16).bit_count())] if "mask" in facts else []
    # The mask holds CPUs, too, that might be plugged in.
    cpus += [float(number["online"])] if cpus and number.get("online") else []
    if number.get("quota_us") and number.get("period_us"):
        cpus.append(number["quota_us"] / number["period_us"])
    return Held(min(memory, default=None), min(cpus, default=None))
