"""What a pod may, takes and is given: Pod Security's `restricted`, resources, images, volumes, the time to stop."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from .manifest import Manifest, Workload, workloads

USER = 10001
HARD_STOP_AND_DRAIN_S = 5
"""What a service takes beyond its own bound at most: `service.HARD_STOP_S`, `server_connection.DRAIN_TIMEOUT_S`."""
UNITS = {"": Decimal(1), "m": Decimal("0.001"), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30)}
IMAGE = re.compile(r"[a-z0-9./:_-]+/clic-[a-z]+(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9._-]*)")
VOLUMES = {"configMap", "secret", "emptyDir", "persistentVolumeClaim"}


def security(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Pod Security Standards, `restricted`, and beyond it a root that nobody writes to and a numeric user."""
    for workload in workloads(manifests):
        pod = workload.pod
        context = pod.get("securityContext", {})
        for field, wanted in (("runAsNonRoot", True), ("runAsUser", USER), ("runAsGroup", USER), ("fsGroup", USER)):
            if context.get(field) != wanted:
                yield f"{workload.name}: {field} is {context.get(field)!r}, not {wanted!r}"
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{workload.name}: no seccomp profile"
        for field in ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"):
            if pod.get(field):
                yield f"{workload.name}: {field}"
        for container in workload.containers:
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
                yield f"{workload.name}: it may get more rights"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"{workload.name}: its root can be written to"
            if own.get("capabilities") != {"drop": ["ALL"]}:
                yield f"{workload.name}: it keeps capabilities"
            if own.keys() & {"runAsUser", "runAsNonRoot", "seccompProfile", "procMount"}:
                yield f"{workload.name}: a container says otherwise than its pod"
            if any("hostPort" in port for port in container.get("ports", [])):
                yield f"{workload.name}: a port of the node"
        if pod.get("enableServiceLinks") is not False:
            yield f"{workload.name}: Services become variables of its environment, CLIC_… among them"


def resources(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Both are asked for, memory has a limit, and nothing asks for more than it may have."""
    for workload in workloads(manifests):
        for container in workload.containers:
            said = container.get("resources", {})
            requests, limits = said.get("requests", {}), said.get("limits", {})
            for what in ("cpu", "memory"):
                if what not in requests:
                    yield f"{workload.name} does not ask for {what}"
            if "memory" not in limits:
                yield f"{workload.name} has no limit of memory"
            for what, limit in limits.items():
                if quantity(requests.get(what, "0")) > quantity(limit):
                    yield f"{workload.name} asks for more {what} than it may have"


def quantity(text: str) -> Decimal:
    """Of Kubernetes, as a number."""
    match = re.fullmatch(r"([0-9.]+)(m|Ki|Mi|Gi)?", str(text))
    if match is None:
        raise ValueError(f"{text!r} is no quantity that this chart uses")
    return Decimal(match[1]) * UNITS[match[2] or ""]


def images(manifests: Sequence[Manifest]) -> Iterator[str]:
    """By a digest, or by a tag that says a version; of the member that the workload is."""
    for workload in workloads(manifests):
        for container in workload.containers:
            image = container["image"]
            if not re.fullmatch(
                r"[a-z0-9./:_-]+/clic-[a-z]+(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9._-]*)", image
            ):
                yield f"{workload.name}: {image} is no image by digest or tag"
            elif image.endswith(":latest"):
                yield f"{workload.name}: {image} is another tomorrow"
            elif not re.search(rf"/clic-{workload.member}[:@]", image):
                yield f"{workload.name}: {image} is another member's"


def volumes(manifests: Sequence[Manifest]) -> Iterator[str]:
    """Each mount has its volume and each volume its mount; only an empty folder can be written to, within a bound."""
    for workload in workloads(manifests):
        have = {each["name"]: each for each in workload.pod.get("volumes", [])}
        mounts = [each for container in workload.containers for each in container.get("volumeMounts", [])]
        used = {each["name"] for each in mounts}
        for name in sorted(used - set(have)):
            yield f"{workload.name} mounts {name}, which is not there"
        for name in sorted(set(have) - used):
            yield f"{workload.name} mounts {name} nowhere"
        for name, volume in have.items():
            (kind,) = set(volume) - {"name"}
            if kind not in VOLUMES:
                yield f"{workload.name}: {name} is a {kind}"
            if kind == "emptyDir" and "sizeLimit" not in volume["emptyDir"]:
                yield f"{workload.name}: {name} can fill its node"
            if kind == "persistentVolumeClaim" and workload.manifest["kind"] != "CronJob":
                yield f"{workload.name}: {name} stays, and a service keeps nothing"
            if kind in ("configMap", "secret") and any(not m.get("readOnly") for m in mounts if m["name"] == name):
                yield f"{workload.name}: {name} is mounted to be written to"


def stopping(manifests: Sequence[Manifest]) -> Iterator[str]:
    """A pod is given longer to stop than its service takes, and goes on until nobody sends it anything."""
    for workload in workloads(manifests):
        if workload.manifest["kind"] == "Deployment":
            yield from _stopping(workload)


def _stopping(workload: Workload) -> Iterator[str]:
    grace = workload.pod.get("terminationGracePeriodSeconds", 30)
    (container,) = workload.containers
    sleep = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds")
    if sleep is None:
        yield f"{workload.name} stops while it is still sent requests"
    takes = (sleep or 0) + float(workload.environment["CLIC_STOP_TIMEOUT_S"] or 0) + HARD_STOP_AND_DRAIN_S
    if grace < takes:
        yield f"{workload.name} is killed after {grace} s and may take {takes:g}"
    strategy = workload.manifest["spec"].get("strategy", {}).get("rollingUpdate", {})
    if strategy.get("maxUnavailable") != 0:
        yield f"{workload.name}: an instance goes before its successor is ready"
