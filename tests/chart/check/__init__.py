"""What no validator of Kubernetes sees: whether a release's parts fit one another, and what they are told fits us."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .manifest import Manifest
from .network import denial, egress, ingress
from .pod import images, resources, security, stopping, volumes
from .reference import (
    accounts,
    budgets,
    ingress_backends,
    monitored_ports,
    policy_ports,
    probes,
    scaling,
    selectors,
    service_ports,
)
from .setting import config_maps, files, variables
from .setting import secrets as secrets

CHECKS: tuple[Callable[[Sequence[Manifest]], Iterable[str]], ...] = (
    selectors, service_ports, ingress_backends, monitored_ports, policy_ports, probes, accounts, scaling, budgets,
    security, resources, images, volumes, stopping,
    variables, files, config_maps,
    egress, ingress, denial,
)  # fmt: skip


def faults(manifests: Sequence[Manifest]) -> list[str]:
    """Everything that is wrong with a release."""
    return [fault for check in CHECKS for fault in check(manifests)]
