"""Objects that Kubernetes itself does not know: held to their own schemas, unknown fields refused."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

MODELS = {
    ("keda.sh/v1alpha1", "ScaledObject"): "cloudcoil.models.keda.v1alpha1",
    ("monitoring.coreos.com/v1", "ServiceMonitor"): "cloudcoil.models.prometheus_operator.v1",
    ("monitoring.coreos.com/v1", "PrometheusRule"): "cloudcoil.models.prometheus_operator.v1",
    ("monitoring.coreos.com/v1", "PodMonitor"): "cloudcoil.models.prometheus_operator.v1",
}
"""Where the model of a kind is. They take an unknown field in silence: what they give back is compared."""

JETSTREAM_TRIGGER = {
    "natsServerMonitoringEndpoint", "useHttps", "account", "stream", "consumer", "lagThreshold",
}  # fmt: skip
"""What KEDA's nats-jetstream scaler reads and we say; its schema takes any metadata."""


class UnknownKindError(Exception):
    """Nobody here knows its schema."""


def faults(manifest: dict[str, Any]) -> Iterator[str]:
    """What its schema refuses.

    Raises:
        UnknownKindError: it has none here.
    """
    kind = manifest["apiVersion"], manifest["kind"]
    if kind not in MODELS:
        raise UnknownKindError(" ".join(kind))
    model: type[BaseModel] = getattr(importlib.import_module(MODELS[kind]), manifest["kind"])
    try:
        taken = model.model_validate(manifest).model_dump(mode="json", by_alias=True, exclude_unset=True)
    except ValidationError as error:
        yield from (f"{each['loc']}: {each['msg']}" for each in error.errors())
        return
    yield from _unknown(manifest, taken, manifest["kind"])
    for trigger in manifest["spec"].get("triggers", []):
        if set(trigger["metadata"]) != JETSTREAM_TRIGGER:
            yield f"a trigger's metadata is {sorted(trigger['metadata'])}"


def _unknown(said: Any, taken: Any, where: str) -> Iterator[str]:
    if isinstance(said, dict) and isinstance(taken, dict):
        for key in said:
            if key not in taken:
                yield f"{where}: nobody knows {key}"
            else:
                yield from _unknown(said[key], taken[key], f"{where}.{key}")
    elif isinstance(said, list) and isinstance(taken, list):
        for index, each in enumerate(said):
            yield from _unknown(each, taken[index], f"{where}[{index}]")
