"""An error's short name, such as EPERM, by the words in which a program complains of it."""

from __future__ import annotations

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


def errno(said: str | None) -> str:
    """The error's short name, such as EPERM; empty where the complaint names none."""
    words = (said or "").rpartition(": ")[2]
    return ERRNO.get(words, "")
