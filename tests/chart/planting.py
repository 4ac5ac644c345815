"""Where a fault is planted: the parts of a rendered release by name."""

from __future__ import annotations

from typing import Any

from tests.chart.check.manifest import Manifest, Workload, one
from tests.chart.rendering import RELEASE


def the(manifests: list[Manifest], kind: str, component: str) -> Any:
    found = one(manifests, kind, f"{RELEASE}-{component}")
    assert found is not None, f"no {kind} of {component} to plant a fault in"
    return found


def pod_of(manifests: list[Manifest], component: str = "intake") -> Any:
    return Workload(the(manifests, "Deployment", component)).pod


def container_of(manifests: list[Manifest], component: str = "intake") -> Any:
    return pod_of(manifests, component)["containers"][0]


def job_of(manifests: list[Manifest], component: str) -> Any:
    (found,) = [m for m in manifests if m["kind"] == "Job" and Workload(m).component == component]
    return found


def by_the_clock(manifests: list[Manifest], component: str = "keeper-backup") -> Any:
    return Workload(the(manifests, "CronJob", component)).pod


def variable(manifests: list[Manifest], name: str, component: str = "intake") -> Any:
    (found,) = [each for each in container_of(manifests, component)["env"] if each["name"] == name]
    return found


def volume(manifests: list[Manifest], name: str, component: str = "intake") -> Any:
    (found,) = [each for each in pod_of(manifests, component)["volumes"] if each["name"] == name]
    return found


def without(manifests: list[Manifest], kind: str, component: str) -> None:
    manifests.remove(the(manifests, kind, component))


def policy(manifests: list[Manifest], component: str = "intake") -> Any:
    return the(manifests, "NetworkPolicy", component)["spec"]


def egress_to(manifests: list[Manifest], port: str | int, component: str = "intake") -> Any:
    rules = policy(manifests, component)["egress"]
    (found,) = [rule for rule in rules if int(port) in {int(each["port"]) for each in rule["ports"]}]
    return found


def told(manifests: list[Manifest], name: str, value: str, component: str = "intake") -> None:
    container_of(manifests, component)["env"].append({"name": name, "value": value})
