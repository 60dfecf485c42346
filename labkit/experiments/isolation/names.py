"""Names of what the probe is told by numbers and words: capabilities (capabilities(7),
linux/capability.h), and errors by the words in which a program complains of them."""

from __future__ import annotations

NAMES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
    *("SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"),
    *("IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"),
    *("SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"),
    *("LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"),
    *("WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
)


def decoded(bits: str) -> list[str]:
    """A hexadecimal set → names; a bit that has none here is called by its number."""
    number = int(bits, 16)
    set_bits = [bit for bit in range(number.bit_length()) if number >> bit & 1]
    return [NAMES[bit] if bit < len(NAMES) else f"CAPABILITY_{bit}" for bit in set_bits]


# errno(3) by the words of strerror(3), and by those that busybox has for some.
ERRNO = {
    "Operation not permitted": "EPERM",
    "permission denied (are you root?)": "EPERM",
    "Permission denied": "EACCES",
    "Read-only file system": "EROFS",
    "No such process": "ESRCH",
    "No such file or directory": "ENOENT",
    "Function not implemented": "ENOSYS",
    "kernel does not support requested operation": "ENOSYS",
    "Invalid argument": "EINVAL",
    "nonexistent directory": "ENOENT",
}


def errno(message: str | None) -> str:
    """The error's short name, such as EPERM; empty where the complaint names none."""
    words = (message or "").rpartition(": ")[2]
    return ERRNO.get(words, "")
