"""What is asked behind each boundary, the facts and the attempts; and the records of answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from labkit.record import Record
from labkit.recordings.kind import Table
from labkit.recordings.manifest import Manifest
from labkit.recordings.reader import Recording
from labkit.recordings.words import Engine, Family

Kind = Literal["fact", "attempt"]
Outcome = Literal["allowed", "refused", "not tried"]

# Name → what it says, and from where (man pages). In the order in which they are kept.
FACTS: dict[str, tuple[str, str]] = {
    "kernel_release": ("release of the kernel that answers the program", "`uname(2)`"),
    "kernel_version": ("how that kernel was built, and when", "`uname(2)`"),
    "boot_id": (
        "a number that a kernel draws when it boots: equal numbers, one and the same kernel",
        "`/proc/sys/kernel/random/boot_id`, `random(4)`",
    ),
    "hostname": ("the name of the computer", "`gethostname(2)`"),
    "pid": ("the program's own process number, as it sees it", "`getpid(2)`"),
    "processes": ("how many processes it sees, itself among them", "`/proc`, `proc(5)`"),
    "host_process_seen": (
        "`yes` where it sees the process of the lab on the host, by number and start time",
        "`/proc/PID/stat`, `proc(5)`",
    ),
    "uid": ("its user", "`geteuid(2)`"),
    "uid_map": (
        "first user inside, the user outside that it is, how many so on",
        "`/proc/self/uid_map`, `user_namespaces(7)`",
    ),
    "capabilities": (
        "its effective capabilities, as a hexadecimal set of bits",
        "`CapEff` of `/proc/self/status`, `capabilities(7)`",
    ),
    "last_capability": (
        "number of the last capability that the kernel knows",
        "`/proc/sys/kernel/cap_last_cap`, `capabilities(7)`",
    ),
    "no_new_privs": (
        "`1` where no program that it starts can have more privileges",
        "`NoNewPrivs` of `/proc/self/status`",
    ),
    "seccomp": (
        "`0`: no system call is filtered; `2`: a filter decides on each",
        "`Seccomp` of `/proc/self/status`, `seccomp(2)`",
    ),
    "ns_cgroup": ("its namespace of control groups", "`/proc/self/ns`, `namespaces(7)`"),
    "ns_ipc": ("its namespace of message queues and shared memory", "`/proc/self/ns`"),
    "ns_mnt": ("its namespace of mounts", "`/proc/self/ns`"),
    "ns_net": ("its namespace of networks", "`/proc/self/ns`"),
    "ns_pid": ("its namespace of processes", "`/proc/self/ns`"),
    "ns_time": ("its namespace of the clocks that count from the boot", "`/proc/self/ns`"),
    "ns_user": ("its namespace of users", "`/proc/self/ns`"),
    "ns_uts": ("its namespace of the host name", "`/proc/self/ns`"),
    "cgroup_place": (
        "`/` where it is at the top of the control groups that it sees, else `below`",
        "`/proc/self/cgroup`, `cgroups(7)`",
    ),
    "mounts": ("how many mounts it sees", "`/proc/mounts`, `proc(5)`"),
    "root_type": ("type of its root file system", "`/proc/mounts`"),
    "root_source": ("what that is mounted from", "`/proc/mounts`"),
    "root_mode": ("`rw` or `ro`", "`/proc/mounts`"),
    "root_id": ("device and inode of its root folder", "`stat(2)`"),
    "root_entries": ("how many names there are in it", "`readdir(3)`"),
    "dev_id": ("device and inode of its folder /dev", "`stat(2)`"),
    "devices": ("how many device files there are in /dev", "`readdir(3)`"),
    "block_devices": ("how many of them are block devices, such as disks", "`stat(2)`"),
    "disks": ("the disks that its kernel names to it", "`/proc/partitions`, `proc(5)`"),
    "interfaces": ("the network interfaces that it sees", "`/proc/net/dev`, `proc(5)`"),
    "cpus_listed": ("how many processors its kernel lists", "`/proc/cpuinfo`, `proc(5)`"),
    "cpus_usable": ("on how many of them it may run", "`sched_getaffinity(2)`"),
    "cpu_model": ("the processor's name", "`/proc/cpuinfo`"),
    "memory_kib": ("memory of the computer, in KiB", "`MemTotal` of `/proc/meminfo`"),
    "uptime_s": ("seconds since its kernel booted", "`/proc/uptime`"),
    "booted_at_s": ("when that was, in seconds since 1970", "`btime` of `/proc/stat`"),
    "clock_s": ("the date and time, in seconds since 1970", "`time(2)`"),
    "clock_off_s": (
        "the same, minus the host's clock just before and after: whole seconds",
        "computed; `0` where the host's clock lies within that second",
    ),
}
# What is tried → what that means, and what decides on it.
ATTEMPTS: dict[str, tuple[str, str]] = {
    "mount": ("mount a tmpfs, and unmount it", "`mount(2)`, CAP_SYS_ADMIN"),
    "hostname": ("set the host name, to what it is", "`sethostname(2)`, CAP_SYS_ADMIN"),
    "write_root": ("make a file in the root folder, and remove it", "`open(2)`"),
    "chroot": ("change the root folder, to what it is", "`chroot(2)`, CAP_SYS_CHROOT"),
    "user_namespace": ("make a namespace of users, for a program that ends", "`unshare(2)`"),
    "namespace": (
        "make a namespace of the host name, for a program that ends",
        "`unshare(2)`, CAP_SYS_ADMIN",
    ),
    "signal_host": (
        "send the lab's process on the host the signal 0, which does nothing",
        "`kill(2)`",
    ),
    "device": ("make a block device file (7, 0), and remove it", "`mknod(2)`, CAP_MKNOD"),
    "kernel_setting": ("write vm.swappiness, the value that it has", "`/proc/sys`, `proc(5)`"),
    "kernel_log": ("read the kernel's messages", "`syslog(2)`"),
    "clock": (
        "set the length of the clock's tick, to what it is",
        "`adjtimex(2)`, CAP_SYS_TIME",
    ),
    "module": (
        "load a kernel module from a file that is none: what allows it says so only then",
        "`init_module(2)`, CAP_SYS_MODULE",
    ),
}


class Answer(Record):
    """One answer of the probe behind one boundary.

    value: of an attempt an Outcome; None where the program got no answer. message: of a refused
    attempt the complaint, of one that was not made the reason.
    """

    backend: str
    family: Family
    engine: Engine
    kind: Kind
    name: str
    value: str | None
    message: str | None


class IsolationPlan(Record):
    """The backends in the order in which they are asked; the host is the first."""

    backends: tuple[str, ...]


class IsolationManifest(Manifest):
    """The manifest of what was asked behind the boundaries."""

    plan: IsolationPlan


IsolationRecording = Recording[IsolationManifest]
TABLES: Mapping[str, Table] = {"answers": Table(Answer, ("backend", "kind", "name"))}
