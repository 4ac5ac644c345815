"""Objects that Kubernetes itself does not know: held to their own schemas, unknown fields refused."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudcoil.models
from pydantic import BaseModel, ValidationError

_KEDA = ("keda", "v1alpha1")
_CERTIFICATES = ("cert_manager", "v1")
_PROMETHEUS = ("prometheus_operator", "v1")
MODELS = {
    ("keda.sh/v1alpha1", "ScaledObject"): _KEDA,
    ("cert-manager.io/v1", "Certificate"): _CERTIFICATES,
    ("cert-manager.io/v1", "ClusterIssuer"): _CERTIFICATES,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _PROMETHEUS,
    ("monitoring.coreos.com/v1", "PrometheusRule"): _PROMETHEUS,
    ("monitoring.coreos.com/v1", "PodMonitor"): _PROMETHEUS,
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
    model: type[BaseModel] = getattr(_module(*MODELS[kind]), manifest["kind"])
    try:
        taken = model.model_validate(manifest).model_dump(mode="json", by_alias=True, exclude_unset=True)
    except ValidationError as error:
        yield from (f"{each['loc']}: {each['msg']}" for each in error.errors())
        return
    yield from _unknown(manifest, taken, manifest["kind"])
    for trigger in manifest["spec"].get("triggers", []):
        if set(trigger["metadata"]) != JETSTREAM_TRIGGER:
            yield f"a trigger's metadata is {sorted(trigger['metadata'])}"


@cache
def _module(package: str, version: str) -> ModuleType:
    """A module by its file: its package imports every version, which are thousands of classes."""
    (folder,) = [Path(each) / package for each in cloudcoil.models.__path__ if (Path(each) / package).is_dir()]
    spec = importlib.util.spec_from_file_location(f"models_{package}_{version}", folder / f"{version}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # Where pydantic looks for what annotations name.
    spec.loader.exec_module(module)
    return module


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
