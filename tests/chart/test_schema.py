"""The chart against the schemas of the newest Kubernetes that a wheel has, strictly: kinds unknown to it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped] # It ships no types.
import pytest
import yaml
from tests.chart.crd import UnknownKindError
from tests.chart.crd import faults as crd_faults
from tests.chart.rendering import EVERY, VALUES, rendered

KUBERNETES = kubernetes_validate.latest_version()


def faults(manifest: dict[str, Any]) -> list[str]:
    """What Kubernetes, or whose kind it is, would refuse."""
    try:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    except kubernetes_validate.SchemaNotFoundError:
        return list(crd_faults(manifest))
    except kubernetes_validate.ValidationError as error:
        return [error.message]
    return []


@pytest.mark.parametrize("name", EVERY)
def test_everything_is_as_its_schema_says(name: str) -> None:
    """Unknown fields and unknown kinds are errors."""
    assert {each["kind"]: found for each in rendered(name) if (found := faults(each))} == {}


@pytest.mark.parametrize("name", ["namespaces.yaml", "certificates.yaml"])
def test_what_stands_beside_a_release_is_as_its_schema_says(name: str) -> None:
    """As `kubectl apply` takes it."""
    documents = yaml.safe_load_all((VALUES / name).read_text(encoding="utf-8"))
    assert {each["metadata"]["name"]: found for each in documents if (found := faults(each))} == {}


def test_the_schemas_are_of_a_current_kubernetes() -> None:
    """1.36 is of spring 2026: an older wheel would prove too little."""
    major, minor = map(int, KUBERNETES.split(".")[:2])
    assert (major, minor) >= (1, 36)


PLANTED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "an unknown field": ("Deployment", lambda m: m["spec"]["template"]["spec"].update(runAsRoot=False)),
    "a field of another type": ("Service", lambda m: m["spec"]["ports"][0].update(port="https")),
    "a field that is missing": ("NetworkPolicy", lambda m: m["spec"]["egress"][0]["ports"].append({"prot": "TCP"})),
    "an unknown field of an operator's": ("ServiceMonitor", lambda m: m["spec"]["endpoints"][0].update(every="15s")),
    "another type in an operator's": ("ScaledObject", lambda m: m["spec"].update(minReplicaCount="two")),
    "an unknown field of a scaler's": ("ScaledObject", lambda m: m["spec"].update(minReplicas=2)),
    "an unknown word of a trigger's": (
        "ScaledObject",
        lambda m: m["spec"]["triggers"][0]["metadata"].update(threshold="10"),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_a_schema_refuses_is_found(name: str) -> None:
    """A validator that takes everything would prove nothing."""
    kind, plant = PLANTED[name]
    manifest = next(each for each in rendered("full") if each["kind"] == kind)
    assert faults(manifest) == []
    plant(manifest)
    assert faults(manifest) != []


@pytest.mark.parametrize(("version", "kind"), [("apps/v1", "Deploiement"), ("traefik.io/v1alpha1", "Middleware")])
def test_an_unknown_kind_fails(version: str, kind: str) -> None:
    """`kubernetes-validate` alone only warns of one."""
    with pytest.raises(UnknownKindError, match=kind):
        faults({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}, "spec": {}})
