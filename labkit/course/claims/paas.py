"""1-1: what a platform as a service is, and what is said for it."""

from __future__ import annotations

from typing import Any

from labkit import units
from labkit.course.claims.docker import deployments
from labkit.course.claims.finding import HOLDS, Finding, found, unmeasured
from labkit.course.exercise import recorded
from labkit.experiments.benchmark import stats as benchmark
from labkit.experiments.deployment.responsibilities import USER_MANAGES


def kind() -> Finding:
    return Finding(HOLDS, "by definition: NIST SP 800-145 names IaaS, PaaS and SaaS")


def leaves() -> Finding:
    return found(
        USER_MANAGES["PaaS"] == ("application", "data"),
        f"by definition: IaaS leaves {len(USER_MANAGES['IaaS'])} layers to its user, "
        f"containers {len(USER_MANAGES['containers'])}, PaaS {len(USER_MANAGES['PaaS'])}",
    )


def platform() -> Finding:
    table = deployments()
    return found(
        bool(table.at["PaaS", "steps"] < table["steps"].drop("PaaS").min()),
        f"{table.at['PaaS', 'steps']:.0f} steps instead of {table.at['containers', 'steps']:.0f} "
        "(container by hand); the platform builds, starts, tries and replaces the app",
    )


def code_alone() -> Finding:
    row = deployments().loc["PaaS"]
    return found(
        bool(row["lines"] == row["app_lines"]),
        f"of {row['lines']:.0f} lines that are written, {row['app_lines']:.0f} are the app's own",
        "the platform knows this kind of app (the lab's has no database)",
    )


def cost() -> Finding:
    return unmeasured("the lab knows no prices and no working hours")


def hardware() -> Finding:
    return Finding(
        HOLDS, "by definition: the servers are the provider's, and a part of what is paid for"
    )


def productivity() -> Finding:
    return unmeasured(
        "no people were measured; the lab's platform has neither middleware nor database"
    )


def scaling() -> Finding:
    run = recorded("web")
    table = benchmark.first_response(run.milestones, run.trials)
    seconds: Any = table.set_index("backend")["median_s"]
    return unmeasured(
        "the lab's platform does not scale by itself. One more server answers after "
        f"{units.text(seconds['docker'], units.time)} as a container, "
        f"{units.text(seconds['qemu'], units.time)} as an emulated machine"
    )


def guaranteed() -> Finding:
    return unmeasured(
        "the lab's platform tries a new version before the old one goes, which is automatic; how "
        "stable and how secure a provider is, no run on one computer shows"
    )


FINDINGS = {
    "paas-kind": kind,
    "paas-leaves": leaves,
    "paas-platform": platform,
    "paas-code": code_alone,
    "paas-cost": cost,
    "paas-hardware": hardware,
    "paas-productivity": productivity,
    "paas-scaling": scaling,
    "paas-guaranteed": guaranteed,
}
