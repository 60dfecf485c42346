"""What `labkit doctor` prints."""

from __future__ import annotations

from labkit.setup.diagnosis import Diagnosis, Finding
from labkit.system.host import Host
from labkit.units import GIB


def diagnosis_text(found: Diagnosis) -> str:
    """The doctor's answer, one backend a paragraph."""
    image = found.image_digest[:12] if found.image_digest else "not built (labkit image build)"
    lines = [_host_line(found.host), *found.notes, f"lab image: {image}", ""]
    for finding in found.findings:
        if finding.by_default:
            lines += _finding_lines(finding)
    lines += [
        "",
        "only when named (the parts of an engine: labkit run --profile engine-parts):",
    ]
    for finding in found.findings:
        if not finding.by_default:
            lines += _finding_lines(finding)
    ready = ",".join(found.ready)
    lines += [
        "",
        f"to compare what can run: labkit run --backends {ready}"
        if ready
        else "nothing can run here yet: the commands above mend that",
    ]
    return "\n".join(lines)


def _host_line(host: Host) -> str:
    kind = {True: "a virtual machine itself", False: "no virtual machine", None: ""}
    parts = [
        host.distribution,
        f"kernel {host.kernel}",
        f"{host.cpus} × {host.cpu_model}",
        f"{host.memory_bytes / GIB:.1f} GiB",
        kind[host.hypervisor],
        f"cgroup v{host.cgroup_version}" if host.cgroup_version else "",
    ]
    return "this computer: " + ", ".join(part for part in parts if part)


def _hanging(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]


def _finding_lines(finding: Finding) -> list[str]:
    if not finding.ready:
        return [
            f"✗ {finding.backend:<8} {finding.family}",
            *_hanging(f"cannot run: {finding.reason}"),
            *_hanging(f"what to do: {finding.fix}"),
        ]
    head = f"✓ {finding.backend:<8} {finding.family}, engine {finding.engine}"
    return [head, f"    {finding.version}", *(f"    {note}" for note in finding.notes)]
