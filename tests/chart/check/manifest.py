"""What is in a list of manifests: workloads, their pods, and which labels select which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, a Job, or a Job by the clock."""

    manifest: Manifest

    @property
    def name(self) -> str:
        """As a fault names it."""
        return named(self.manifest)

    @property
    def template(self) -> dict[str, Any]:
        """Of its pods."""
        spec = self.manifest["spec"]
        template: dict[str, Any] = spec.get("jobTemplate", {"spec": spec})["spec"]["template"]
        return template

    @property
    def labels(self) -> dict[str, str]:
        """Of its pods."""
        return dict(self.template["metadata"]["labels"])

    @property
    def component(self) -> str:
        """What it is of CLIC."""
        return self.labels.get("app.kubernetes.io/component", "")

    @property
    def service(self) -> str:
        """Whose secret and whose settings it has: a job is of a service, or of ops."""
        return self.component.partition("-")[0]

    @property
    def member(self) -> str:
        """Whose image it has: what runs by the clock is a command of `clic`."""
        return "ops" if self.manifest["kind"] == "CronJob" else self.service

    @property
    def pod(self) -> dict[str, Any]:
        """What a pod of it is to be."""
        pod: dict[str, Any] = self.template["spec"]
        return pod

    @property
    def containers(self) -> list[dict[str, Any]]:
        """All of them."""
        return [*self.pod.get("initContainers", []), *self.pod["containers"]]

    @property
    def environment(self) -> dict[str, str | None]:
        """Every variable of its containers; None: its value is a secret's."""
        return {each["name"]: each.get("value") for c in self.containers for each in c.get("env", [])}

    @property
    def ports(self) -> dict[str, int]:
        """By name."""
        return {each["name"]: each["containerPort"] for c in self.containers for each in c.get("ports", [])}


def named(manifest: Manifest) -> str:
    """Kind and name."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> Iterator[Manifest]:
    """Those of some kinds."""
    return (each for each in manifests if each["kind"] in kinds)


def one(manifests: Sequence[Manifest], kind: str, name: str) -> Manifest | None:
    """By kind and name."""
    return next((each for each in of_kind(manifests, kind) if each["metadata"]["name"] == name), None)


def workloads(manifests: Sequence[Manifest]) -> list[Workload]:
    """Everything that makes pods."""
    return [Workload(each) for each in of_kind(manifests, "Deployment", "Job", "CronJob")]


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether `matchLabels` are among the labels."""
    return all(labels.get(key) == value for key, value in selector.items())


def selected(manifests: Sequence[Manifest], selector: Mapping[str, str]) -> list[Workload]:
    """The workloads whose pods a selector means."""
    return [each for each in workloads(manifests) if selects(selector, each.labels)]
