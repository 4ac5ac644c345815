"""What names something else: selectors, ports, accounts, targets. Kubernetes takes them whether it is there or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import cast

from fastapi import FastAPI
from fastapi.routing import APIRoute

from clic_chassis.service import Runtime, Wiring, add_probes
from clic_chassis.settings import Settings

from .manifest import Manifest, Workload, named, of_kind, one, selected, selects, workloads


def selectors(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Each selects the pods of exactly one workload; those of a policy at least one's."""
    for each in of_kind(manifests, "Deployment"):
        if not selects(each["spec"]["selector"]["matchLabels"], Workload(each).labels):
            yield f"{named(each)} does not select its own pods"
        for spread in Workload(each).pod.get("topologySpreadConstraints", []):
            if [w.manifest for w in selected(manifests, spread["labelSelector"]["matchLabels"])] != [each]:
                yield f"{named(each)} spreads other pods than its own over {spread['topologyKey']}"
    for each in of_kind(manifests, "Service"):
        if len(found := selected(manifests, each["spec"]["selector"])) != 1:
            yield f"{named(each)} selects {len(found)} workloads"
    for each in of_kind(manifests, "PodDisruptionBudget"):
        if len(found := selected(manifests, each["spec"]["selector"]["matchLabels"])) != 1:
            yield f"{named(each)} selects {len(found)} workloads"
    for each in of_kind(manifests, "NetworkPolicy"):
        if not selected(manifests, each["spec"]["podSelector"].get("matchLabels", {})):
            yield f"{named(each)} selects nothing"
    for each in of_kind(manifests, "ServiceMonitor"):
        wanted = each["spec"]["selector"]["matchLabels"]
        found_services = [s for s in of_kind(manifests, "Service") if selects(wanted, s["metadata"]["labels"])]
        if len(found_services) != 1:
            yield f"{named(each)} selects {len(found_services)} Services"


def service_ports(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What a Service leads to exists in the pods, by its name."""
    for each in of_kind(manifests, "Service"):
        for workload in selected(manifests, each["spec"]["selector"]):
            for port in each["spec"]["ports"]:
                if port["targetPort"] not in workload.ports:
                    yield f"{named(each)} leads to {port['targetPort']!r}, which {workload.name} does not have"


def ingress_backends(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What an Ingress leads to is there, and nobody is served in clear."""
    for each in of_kind(manifests, "Ingress"):
        for rule in each["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                service = one(manifests, "Service", backend["name"])
                if service is None:
                    yield f"{named(each)} leads to Service {backend['name']}, which is not there"
                elif backend["port"]["name"] not in _port_names(service):
                    yield f"{named(each)} leads to port {backend['port']['name']!r} that {named(service)} does not have"
            if rule["host"] not in {host for tls in each["spec"].get("tls", []) for host in tls["hosts"]}:
                yield f"{named(each)} serves {rule['host']} in clear"


def monitored_ports(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What a monitor asks is served, on a port of that name, by that protocol."""
    for each in of_kind(manifests, "ServiceMonitor"):
        for service in of_kind(manifests, "Service"):
            if not selects(each["spec"]["selector"]["matchLabels"], service["metadata"]["labels"]):
                continue
            for endpoint in each["spec"]["endpoints"]:
                if endpoint["port"] not in _port_names(service):
                    yield f"{named(each)} asks port {endpoint['port']!r}, which {named(service)} does not have"
                if endpoint["path"] not in served_paths():
                    yield f"{named(each)} asks {endpoint['path']}, which nobody serves"
                if endpoint["scheme"] not in {port["appProtocol"] for port in service["spec"]["ports"][:1]}:
                    yield f"{named(each)} asks by {endpoint['scheme']}, and {named(service)} answers otherwise"


def policy_ports(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What a policy opens is a port of the pods that it is for."""
    for each in of_kind(manifests, "NetworkPolicy"):
        for workload in selected(manifests, each["spec"]["podSelector"].get("matchLabels", {})):
            opened = [port["port"] for rule in each["spec"].get("ingress", []) for port in rule.get("ports", [])]
            for port in opened:
                if port not in {*workload.ports, *workload.ports.values()}:
                    yield f"{named(each)} opens {port!r}, which {workload.name} does not have"


def _port_names(service: Manifest) -> set[str]:
    return {port["name"] for port in service["spec"]["ports"]}


PROBES = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
"""What each means: a service that cannot reach a server is not ready, and no better for being killed."""


def probes(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Each is there, on a port and a path that the code serves, by the protocol that it serves them by."""
    for workload in workloads(manifests):
        if workload.manifest["kind"] != "Deployment":
            continue
        scheme = "HTTPS" if workload.environment.get("CLIC_HTTP_CERTIFICATE_FILE") else "HTTP"
        for container in workload.containers:
            for probe, path in PROBES.items():
                get = container.get(probe, {}).get("httpGet")
                if get is None:
                    yield f"{workload.name} has no {probe}"
                    continue
                if get["port"] not in workload.ports:
                    yield f"{workload.name}: {probe} asks port {get['port']!r}, which it does not have"
                if get["path"] not in served_paths():
                    yield f"{workload.name}: {probe} asks {get['path']}, which nobody serves"
                elif get["path"] != path:
                    yield f"{workload.name}: {probe} asks {get['path']}, not {path}"
                if get.get("scheme", "HTTP") != scheme:
                    yield f"{workload.name}: {probe} asks by {get.get('scheme', 'HTTP')}, it answers by {scheme}"
        if workload.ports.get("http") != int(workload.environment["CLIC_HTTP_PORT"] or 0):
            yield f"{workload.name} listens on {workload.environment['CLIC_HTTP_PORT']}, its port http is another"


@cache
def served_paths() -> frozenset[str]:
    """Where the chassis answers probes and metrics."""
    api = FastAPI()
    add_probes(api, cast("Runtime[Settings]", None), Wiring(components=[]))  # Nobody asks it.
    return frozenset(route.path for route in api.routes if isinstance(route, APIRoute))


def accounts(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Each pod has an account that is there, whose token nobody mounts."""
    for workload in workloads(manifests):
        account = one(manifests, "ServiceAccount", workload.pod.get("serviceAccountName", "default"))
        if account is None:
            yield f"{workload.name} runs as an account that is not there"
        elif account.get("automountServiceAccountToken") is not False:
            yield f"{named(account)} lets its token be mounted"
        if workload.pod.get("automountServiceAccountToken") is not False:
            yield f"{workload.name} mounts a token"


def scaling(manifests: Sequence[Manifest]) -> Iterator[str]:
    """What is scaled is there, says no number of its own, and keeps at least what its budget needs."""
    scaled = set()
    for each in of_kind(manifests, "ScaledObject"):
        target = one(manifests, "Deployment", each["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield f"{named(each)} scales a Deployment that is not there"
            continue
        scaled.add(target["metadata"]["name"])
        if "replicas" in target["spec"]:
            yield f"{named(target)} says how many it is, and so does {named(each)}"
        if each["spec"]["minReplicaCount"] > each["spec"]["maxReplicaCount"]:
            yield f"{named(each)} has a least number above its most"
    for each in of_kind(manifests, "Deployment"):
        if each["metadata"]["name"] not in scaled and "replicas" not in each["spec"]:
            yield f"{named(each)} does not say how many it is"


def budgets(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Each Deployment has one, which lets a node be drained and keeps an instance where there are two."""
    covered: list[str] = []
    for each in of_kind(manifests, "PodDisruptionBudget"):
        for workload in selected(manifests, each["spec"]["selector"]["matchLabels"]):
            covered.append(workload.name)
            count = _least(manifests, workload)
            gone = each["spec"].get("maxUnavailable", count - each["spec"].get("minAvailable", 0))
            if gone < 1:
                yield f"{named(each)} lets no instance of {count} go: its node can never be drained"
            elif count > 1 and gone >= count:
                yield f"{named(each)} lets all {count} instances go at once"
    for workload in workloads(manifests):
        if workload.manifest["kind"] == "Deployment" and covered.count(workload.name) != 1:
            yield f"{workload.name} has {covered.count(workload.name)} budgets"


def _least(manifests: Sequence[Manifest], workload: Workload) -> int:
    for each in of_kind(manifests, "ScaledObject"):
        if each["spec"]["scaleTargetRef"]["name"] == workload.manifest["metadata"]["name"]:
            return int(each["spec"]["minReplicaCount"])
    return int(workload.manifest["spec"].get("replicas", 1))
