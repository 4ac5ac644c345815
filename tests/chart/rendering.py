"""The chart as Helm's own engine renders it, without a cluster: what a town says of itself, and what comes of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any

import helm_python
import yaml
from tests.chart.values_schema import OPTIONAL_KEYS
from tests.place import ROOT, TOWN_DIR

from clic.town_values import town_values

CHART = ROOT / "deploy" / "chart" / "clic"
VALUES = ROOT / "deploy" / "chart" / "values"
RELEASE = "mont-saint-hilaire"
NAMESPACE = "clic-msh"

Manifest = dict[str, Any]

_PROVIDER = {
    "oidc_issuer": "https://connexion.ville.example/realms/ville",
    "oidc_client_id": "clic",
    "oidc_roles": {"clic-agents": ["agent", "desk"]},
}
_SEEN = {"otlp_endpoint": "http://otel-collector.monitoring.svc:4318/v1/traces", "trusted_proxies": "10.42.0.0/16"}
_SCALED = {"enabled": True}


def _ingress(name: str) -> dict[str, Any]:
    return {"enabled": True, "hosts": [f"{name}.ville.example"], "tlsSecret": f"{name}-ville-example-tls"}


BARE: dict[str, Any] = {"image": {"registry": "registry.ville.example/clic"}}
"""What must be said, beside the town."""

FULL: dict[str, Any] = {
    "image": {
        "registry": "registry.ville.example/clic",
        "tag": "0.1.0",
        "digests": {"intake": f"sha256:{'0123456789abcdef' * 4}"},
        "pullSecrets": ["registry-login"],
    },
    "nats": {"clientCertificates": True},
    "intake": {
        "replicas": 3,
        "secretKeys": OPTIONAL_KEYS["intake"],
        "settings": {
            "public_url": "https://demandes.ville.example",
            "smtp_url": "smtp://relais.ville.example",
            "smtp_user": "clic",
            "imap_url": "imaps://clic@courrier.ville.example/INBOX",
            "imap_poll_s": 30,
            "lmtp_port": 2024,
            "concurrency_max": 32,
            **_PROVIDER,
            **_SEEN,
        },
        "autoscaling": _SCALED,
        "ingress": _ingress("demandes"),
        "mail": {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "courrier"}}}]},
    },
    "routing": {"secretKeys": OPTIONAL_KEYS["routing"], "settings": {**_PROVIDER, **_SEEN}, "autoscaling": _SCALED},
    "deadlines": {
        "secretKeys": OPTIONAL_KEYS["deadlines"],
        "settings": {
            **_PROVIDER,
            "smtp_url": "smtp://relais.ville.example:2525",
            "smtp_user": "clic",
            "digest_at": "07:00",
            **_SEEN,
        },
        "autoscaling": _SCALED,
    },
    "reporting": {
        "secretKeys": OPTIONAL_KEYS["reporting"],
        "settings": {
            "file_link": "https://demandes.ville.example/desk/{request_id}",
            "links": {"Écrire à la Ville": "https://demandes.ville.example/demande"},
            **_PROVIDER,
            **_SEEN,
        },
        "ingress": _ingress("rapports"),
    },
    "backup": {
        "enabled": True,
        "claims": {"log": "store-a", "keys": "store-b", "erasures": "store-c"},
        "logRecipient": f"age1{'q' * 58}",
        "keysRecipient": f"age1{'p' * 58}",
    },
    "monitoring": {
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "rules": {"enabled": True, "labels": {"release": "prometheus"}},
        "dashboards": {"enabled": True},
    },
}
"""Everything that can be switched on, switched on."""

PLAIN: dict[str, Any] = {
    **BARE,
    "http": {"tls": False},
    "intake": {"replicas": 1, "settings": {"smtp_in_port": 2525}, "mail": {"from": [{"podSelector": {}}]}},
    "monitoring": {"serviceMonitor": {"enabled": True}},
}
"""A trial on one node, behind something that speaks TLS for it."""

EVERY: dict[str, dict[str, Any]] = {"bare": BARE, "full": FULL, "plain": PLAIN}


@cache
def town() -> dict[str, Any]:
    """The real town, as `clic town values` prints it."""
    values: dict[str, Any] = yaml.safe_load(town_values(TOWN_DIR))
    return values


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """As Helm merges one file of values over another."""
    result = copy.deepcopy(dict(base))
    for key, value in over.items():
        there = result.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            result[key] = merged(there, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def render(values: Mapping[str, Any], *, release: str = RELEASE, namespace: str = NAMESPACE) -> dict[str, str]:
    """Text by template.

    Raises:
        HelmError: the values do not fit, or a template refuses them.
    """
    with helm_python.Chart.load(CHART) as chart:
        return chart.render(merged(town(), values), name=release, namespace=namespace)


def manifests(values: Mapping[str, Any], *, release: str = RELEASE, namespace: str = NAMESPACE) -> list[Manifest]:
    """Everything that a release puts into its namespace."""
    texts = render(values, release=release, namespace=namespace)
    return [
        each
        for path, text in sorted(texts.items())
        if path.endswith(".yaml")
        for each in yaml.load_all(text, Loader=yaml.CSafeLoader)
        if each is not None
    ]


@cache
def _rendered(name: str) -> list[Manifest]:
    return manifests(EVERY[name])


def rendered(name: str) -> list[Manifest]:
    """One of `EVERY`, for the caller to change as it likes."""
    return copy.deepcopy(_rendered(name))
