"""What the probe prints → answers. Whatever is no such line is an error, never a wrong answer."""

from __future__ import annotations

import re

from labkit.errors import ProtocolError
from labkit.experiments.isolation.records import ATTEMPTS, FACTS, Outcome

LINE = re.compile(r"([a-z][a-z_]*)(?: (.*))?")
TRY = "try_"
SKIPPED = "skipped"
# Where a module would have been allowed, the kernel looks into the file, and finds that it is none:
# ENOEXEC, in busybox's words.
LOOKED_INTO_MODULE = "invalid module format"


def read(text: str) -> dict[str, str]:
    """Lines `key value` → key: value; a value may be empty. ProtocolError for anything else."""
    answers: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n") if text else []:
        match = LINE.fullmatch(line)
        if match is None or not _is_known(match[1]):
            raise ProtocolError("the probe has printed what is no answer", details=line[:200])
        if match[1] in answers:
            raise ProtocolError("the probe has answered twice", details=line[:200])
        answers[match[1]] = (match[2] or "").strip()
    return answers


def outcome(name: str, answer: str) -> tuple[Outcome, str]:
    """An attempt's answer → what came out, and the message."""
    status, _, message = answer.partition(" ")
    if status == SKIPPED:
        return "not tried", ""
    if not (status.isascii() and status.isdigit()):
        raise ProtocolError("the probe has printed no exit status", details=answer[:200])
    if status == "0" or (name == "module" and message.endswith(LOOKED_INTO_MODULE)):
        return "allowed", message
    return "refused", message


def _is_known(key: str) -> bool:
    return key in FACTS or (key.startswith(TRY) and key.removeprefix(TRY) in ATTEMPTS)
