"""What stands in `deploy/monitoring/`, and which metrics the code really has."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import REGISTRY
from tests.place import ROOT

from clic.nats_config import SERVICES

FOLDER = ROOT / "deploy" / "monitoring"
RULES = sorted((FOLDER / "rules").glob("*.yaml"))
TESTS = sorted((FOLDER / "tests").glob("*.yaml"))
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
RUNBOOKS = ROOT / "docs" / "ops" / "runbooks"
PAGE = ROOT / "docs" / "ops" / "monitoring.md"

OTHERS = frozenset(
    {
        "ALERTS",
        "kubelet_volume_stats_available_bytes",
        "kubelet_volume_stats_capacity_bytes",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    }
)
"""Told by somebody else: Prometheus, the kubelet, the metrics library."""
_NAME = re.compile(r"(?<![\w:$.])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()")
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
_NO_METRIC = frozenset({"by", "on", "or", "and", "unless", "offset", "ignoring", "without", "group_left", "bool"})


def documents(paths: list[Path]) -> list[tuple[Path, dict[str, Any]]]:
    """Each file, read."""
    # A YAML reader reads JSON, some thirty times slower.
    return [
        (path, (json.loads if path.suffix == ".json" else yaml.safe_load)(path.read_text("utf-8"))) for path in paths
    ]


@cache
def rules() -> list[dict[str, Any]]:
    """Every rule."""
    return [rule for _, document in documents(RULES) for group in document["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels of a dashboard, those in rows included."""
    found: list[dict[str, Any]] = []
    for panel in dashboard["panels"]:
        found += [panel, *panel.get("panels", [])]
    return found


def expressions(dashboard: dict[str, Any]) -> list[str]:
    """Its PromQL, with a value in the place of each variable."""
    every = [target["expr"] for panel in panels(dashboard) for target in panel.get("targets", [])]
    return [each.replace("$namespace", ".*") for each in every]


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression reads."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", expression)  # Strings hold other words.
    bare = re.sub(r"\{[^{}]*\}", "", bare)
    bare = re.sub(r"\b(by|on|ignoring|without|group_left|group_right) *\([^()]*\)", "", bare)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    bare = re.sub(r"\boffset +\w+", "", bare)
    return {name for name in _NAME.findall(bare) if name not in _NO_METRIC}


@cache
def families() -> dict[str, Any]:
    """The metrics of all four services by their names, as they register them when they are imported."""
    for service in SERVICES:
        import_module(f"clic_{service}.app")
    return {each.name: each for each in REGISTRY.collect() if each.name.startswith("clic_")}


@cache
def told_names() -> set[str]:
    """The names of series, as they are scraped."""
    return {name + suffix for name, each in families().items() for suffix in _SUFFIXES[each.type]}


@cache
def recorded() -> set[str]:
    """The names that recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def labels_of(family: str) -> tuple[str, ...]:
    """The labels of a metric."""
    collector = REGISTRY._names_to_collectors[family]
    return tuple(getattr(collector, "_labelnames", ()))
