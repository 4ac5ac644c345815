"""Network policies against the connections that pods make: what their settings name, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .manifest import Manifest, Workload, named, of_kind, one, selected, selects, workloads

NAMESPACE = "kubernetes.io/metadata.name"
DNS_PORT = 53
USUAL_PORTS = {"tls": 4222, "nats": 4222, "postgresql": 5432, "http": 80, "https": 443, "imaps": 993, "imap": 143}
USUAL_SMTP_PORTS = {"starttls": 587, "implicit": 465, "none": 25}
ADDRESSES = (
    "CLIC_NATS_URL", "CLIC_NATS_MONITORING_URL", "CLIC_POSTGRES_URL", "CLIC_OTLP_ENDPOINT", "CLIC_SMTP_URL",
    "CLIC_IMAP_URL", "CLIC_OIDC_ISSUER", "CLIC_POSTGRES_URL_INTAKE", "CLIC_POSTGRES_URL_DEADLINES",
    "CLIC_POSTGRES_URL_REPORTING",
)  # fmt: skip
NO_CONNECTIONS = {"CLIC_PUBLIC_URL", "CLIC_OPEN311_URL", "CLIC_FILE_LINK", "CLIC_LINKS"}
"""Addresses that are written, never connected to."""


class Connection(NamedTuple):
    """Somewhere that a pod connects to."""

    host: str
    port: int


def egress(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A pod reaches what its settings name, where that is, and nowhere else."""
    for workload in workloads(manifests):
        rules = list(_egress(manifests, workload))
        needs = list(connections(workload))
        for need in needs:
            if not any(need.port in _ports(rule) and _leads(rule, need.host) for rule in rules):
                yield f"{workload.name} may not reach {need.host}:{need.port}"
        for rule in rules:
            if not rule.get("to") or not rule.get("ports"):
                yield f"{workload.name} may reach everybody, or by every port"
                continue
            for port in _ports(rule) - {DNS_PORT}:
                if not any(need.port == port and _leads(rule, need.host) for need in needs):
                    yield f"{workload.name} may reach port {port}, and nothing says why"
        if not any(DNS_PORT in _ports(rule) for rule in rules):
            yield f"{workload.name} may not ask for names"
        for name, value in workload.environment.items():
            if value and "://" in value and name not in {*ADDRESSES, *NO_CONNECTIONS}:
                yield f"{workload.name}: whether it connects to {name} is not known here"


def connections(workload: Workload) -> Iterator[Connection]:
    """What a pod's settings name."""
    environment = workload.environment
    for name in ADDRESSES:
        for address in filter(None, (environment.get(name) or "").split(",")):
            parts = urlsplit(address)
            usual = USUAL_PORTS.get(parts.scheme, 0)
            if name == "CLIC_SMTP_URL":
                usual = USUAL_SMTP_PORTS[environment.get("CLIC_SMTP_TLS") or "starttls"]
            yield Connection(parts.hostname or "", parts.port or usual)


def ingress(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A pod hears those who have a reason to speak to it: an Ingress, a monitor, whoever brings mail."""
    for workload in workloads(manifests):
        rules = list(_ingress(manifests, workload))
        if any(not rule.get("from") or not rule.get("ports") for rule in rules):
            yield f"{workload.name} hears everybody, or on every port"
        labels = workload.labels
        reasons = sum(_leads_to(manifests, each, labels) for each in of_kind(manifests, "Ingress"))
        reasons += sum(_watches(manifests, each, labels) for each in of_kind(manifests, "ServiceMonitor"))
        heard = sum("http" in _ports(rule) for rule in rules)
        if heard != reasons:
            yield f"{workload.name} has {reasons} reasons to be spoken to on port http, and hears {heard}"
        for name in set(workload.ports) - {"http"}:
            if not any(name in _ports(rule) for rule in rules):
                yield f"{workload.name} has port {name}, where nobody may speak to it"


def denial(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Whatever no policy lets through is denied, to each pod and both ways."""
    for workload in workloads(manifests):
        kinds = {kind for policy in _policies(manifests, workload) for kind in policy["spec"]["policyTypes"]}
        for kind in ("Ingress", "Egress"):
            if kind not in kinds:
                yield f"{workload.name}: {kind} is open"
    for policy in of_kind(manifests, "NetworkPolicy"):
        if "Ingress" not in policy["spec"]["policyTypes"] and policy["spec"].get("ingress"):
            yield f"{named(policy)} says what comes in and does not hold for it"


def _leads_to(manifests: Sequence[Manifest], ingress: Manifest, labels: Mapping[str, str]) -> bool:
    names = {path["backend"]["service"]["name"] for rule in ingress["spec"]["rules"] for path in rule["http"]["paths"]}
    services = (one(manifests, "Service", name) for name in names)
    return any(service is not None and selects(service["spec"]["selector"], labels) for service in services)


def _watches(manifests: Sequence[Manifest], monitor: Manifest, labels: Mapping[str, str]) -> bool:
    wanted = monitor["spec"]["selector"]["matchLabels"]
    return any(
        selects(wanted, service["metadata"]["labels"]) and selects(service["spec"]["selector"], labels)
        for service in of_kind(manifests, "Service")
    )


def _policies(manifests: Sequence[Manifest], workload: Workload) -> Iterator[Manifest]:
    for each in of_kind(manifests, "NetworkPolicy"):
        if workload in selected(manifests, each["spec"]["podSelector"].get("matchLabels", {})):
            yield each


def _egress(manifests: Sequence[Manifest], workload: Workload) -> Iterator[dict[str, Any]]:
    for policy in _policies(manifests, workload):
        yield from policy["spec"].get("egress") or []


def _ingress(manifests: Sequence[Manifest], workload: Workload) -> Iterator[dict[str, Any]]:
    for policy in _policies(manifests, workload):
        yield from policy["spec"].get("ingress") or []


def _ports(rule: Mapping[str, Any]) -> set[Any]:
    return {each["port"] for each in rule.get("ports", [])}


def _leads(rule: Mapping[str, Any], host: str) -> bool:
    """Whether a rule's peers can be this host: by its namespace inside the cluster, by addresses outside."""
    _, _, inside = host.partition(".")
    namespace, _, kind = inside.partition(".")
    for peer in rule.get("to", []):
        if kind.partition(".")[0] == "svc":
            labels = peer.get("namespaceSelector", {}).get("matchLabels", {})
            if labels.get(NAMESPACE) == namespace:
                return True
        elif "ipBlock" in peer:
            return True
    return False
