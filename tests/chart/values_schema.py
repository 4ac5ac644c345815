"""What values the chart takes, as JSON Schema that Helm holds them to: `python -m tests.chart.values_schema`.

What a service can be told is taken from its settings, so that a setting that nobody reads is refused, as is a value
that would not make a service. Whatever the chart sets itself, and whatever is a secret, is not among them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.place import ROOT

from clic_chassis.settings import Settings
from clic_deadlines.settings import Settings as DeadlinesSettings
from clic_intake.settings import IntakeSettings
from clic_reporting.settings import Settings as ReportingSettings

CHART = ROOT / "deploy" / "chart" / "clic"
FILE = CHART / "values.schema.json"

SETTINGS: dict[str, type[Settings]] = {
    "intake": IntakeSettings,
    "routing": Settings,
    "deadlines": DeadlinesSettings,
    "reporting": ReportingSettings,
}
BY_THE_CHART = {
    "nats_url", "nats_user", "nats_monitoring_url", "http_host", "http_port", "migrate_at_start", "stop_timeout_s",
}  # fmt: skip
"""And every file and secret: see `_is_elsewhere`."""
ELSEWHERE = {"lmtp_host"}
"""The chart says 0.0.0.0 where a port is opened: a pod has one address."""

UNPRIVILEGED_PORT = 1024

SCALED = ("intake", "routing", "deadlines")
WITH_DATABASE = ("intake", "deadlines", "reporting")
OPTIONAL_KEYS = {
    "intake": [
        "admission.json",
        "agents.json",
        "imap-ca.crt",
        "imap-password",
        "oidc-client-secret",
        "smtp-ca.crt",
        "smtp-password",
    ],
    "routing": ["agents.json", "oidc-client-secret"],
    "deadlines": ["agents.json", "oidc-client-secret", "smtp-ca.crt", "smtp-password"],
    "reporting": ["agents.json", "oidc-client-secret"],
}  # fmt: skip

TEXT = {"type": "string"}
FLAG = {"type": "boolean"}
NAME = {"type": "string", "maxLength": 253, "pattern": "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}
NAME_OR_NONE = {"anyOf": [{"const": ""}, NAME]}
SCHEDULE = {"type": "string", "pattern": r"^(\S+ ){4}\S+$"}
RECIPIENTS = {"type": "string", "pattern": "^(age1[a-z0-9]{50,}( age1[a-z0-9]{50,})*)?$"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
PEER = {"type": "object", "minProperties": 1}
"""What Kubernetes' own schema holds it to, once it is rendered."""
PEERS = {"type": "array", "items": PEER}


def schema() -> dict[str, Any]:
    """The whole of it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "CLIC, one town",
        **_closed(
            {
                "global": {"type": "object"},  # Helm puts it there.
                "image": _closed(
                    {
                        "registry": {"type": "string", "pattern": "^([a-z0-9.:_/-]*[a-z0-9])?$"},
                        "tag": {"type": "string", "pattern": r"^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?$"},
                        "digests": _closed(
                            {
                                each: {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
                                for each in (*SETTINGS, "ops")
                            },
                            required=(),
                        ),
                        "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
                        "pullSecrets": {"type": "array", "items": NAME},
                    }
                ),
                "town": _closed(
                    {
                        "files": {
                            **TEXTS,
                            "propertyNames": {"pattern": r"^([a-z0-9_-]+/)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$"},
                        }
                    }
                ),
                "nats": _closed(
                    {
                        "url": {"type": "string", "pattern": "^tls://[^,]+(,tls://[^,]+)*$"},
                        "monitoringUrl": {"type": "string", "pattern": "^https?://"},
                        "caSecret": NAME,
                        "clientCertificates": FLAG,
                        "account": {"type": "string", "minLength": 1},
                        "replicas": {"enum": [1, 3, 5]},
                    }
                ),
                "postgres": _closed({"host": NAME, "port": _port(), "caSecret": NAME}),
                "http": _closed(
                    {
                        "tls": FLAG,
                        "stopTimeoutS": {"type": "integer", "minimum": 1, "maximum": 300},
                        "preStopS": {"type": "integer", "minimum": 0, "maximum": 60},
                    }
                ),
                **{service: _service(service) for service in SETTINGS},
                "ops": _closed({"secret": NAME_OR_NONE}),
                "keeper": _closed({"secret": NAME_OR_NONE}),
                "backup": _closed(
                    {
                        "enabled": FLAG,
                        "schedule": SCHEDULE,
                        "erasuresSchedule": SCHEDULE,
                        "claims": _closed(dict.fromkeys(("log", "keys", "erasures"), NAME_OR_NONE)),
                        "logRecipient": RECIPIENTS,
                        "keysRecipient": RECIPIENTS,
                        "keysDays": {"type": "integer", "minimum": 1, "maximum": 366},
                        "logCopies": {"type": "integer", "minimum": 1},
                    }
                ),
                "ingress": _closed({"className": NAME_OR_NONE, "annotations": TEXTS}),
                "networkPolicy": _closed(
                    {
                        **dict.fromkeys(("nats", "postgres", "dns", "ingress", "prometheus", "otlp"), PEER),
                        "outside": {**PEERS, "minItems": 1},
                    }
                ),
                "monitoring": _closed(
                    {
                        "serviceMonitor": _closed(
                            {
                                "enabled": FLAG,
                                "interval": {"type": "string", "pattern": "^[0-9]+(s|m)$"},
                                "labels": TEXTS,
                            }
                        ),
                        "rules": _closed({"enabled": FLAG, "labels": TEXTS}),
                        "dashboards": _closed({"enabled": FLAG, "labels": TEXTS}),
                    }
                ),
            },
            required=(),
        ),
    }


def _service(service: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "replicas": {"type": "integer", "minimum": 0, "maximum": 20},
        "secret": NAME_OR_NONE,
        "secretKeys": {"type": "array", "uniqueItems": True, "items": {"enum": OPTIONAL_KEYS[service]}},
        "settings": _closed(settings_of(SETTINGS[service]), required=()),
        "resources": _closed({"requests": TEXTS, "limits": TEXTS}),
        "ingress": _closed(
            {
                "enabled": FLAG,
                "hosts": {"type": "array", "uniqueItems": True, "items": NAME},
                "tlsSecret": NAME_OR_NONE,
                "annotations": TEXTS,
            }
        ),
        "service": _closed({"annotations": TEXTS}),
    }
    if service in WITH_DATABASE:
        properties["database"] = _closed({"name": _identifier(), "user": _identifier()})
    if service in SCALED:
        count = {"type": "integer", "minimum": 1, "maximum": 20}
        properties["autoscaling"] = _closed(
            {"enabled": FLAG, "min": count, "max": count, "lag": {"type": "integer", "minimum": 1}}
        )
    if service == "intake":
        properties["mail"] = _closed({"from": PEERS})
    return _closed(properties)


def settings_of(settings: type[Settings]) -> dict[str, Any]:
    """What a town may say of a service: each field that is no secret, no file, and not the chart's to say."""
    found = settings.model_json_schema()["properties"]
    return {
        name: {**_value(each), **({"minimum": UNPRIVILEGED_PORT} if name.endswith("_port") else {})}
        for name, each in sorted(found.items())
        if not _is_elsewhere(name, each)
    }


def _is_elsewhere(name: str, field: dict[str, Any]) -> bool:
    formats = {each.get("format") for each in (field, *field.get("anyOf", []))}
    return name in BY_THE_CHART | ELSEWHERE or bool(formats & {"path", "password"})


def _value(field: dict[str, Any]) -> dict[str, Any]:
    """A field as a value: what is JSON in the environment is written as YAML."""
    if "anyOf" in field:
        (field,) = [{**field, **each} for each in field["anyOf"] if each.get("type") != "null"]
    if field.get("contentMediaType") == "application/json":
        return {"type": "object", "description": field["description"]}
    kept = ("type", "enum", "pattern", "minimum", "maximum", "exclusiveMinimum", "description")
    return {key: field[key] for key in kept if key in field}


def _closed(properties: dict[str, Any], required: tuple[str, ...] | None = None) -> dict[str, Any]:
    """An object with these properties and no others; all of them, unless said otherwise."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(properties if required is None else required),
        "properties": properties,
    }


def _port() -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": 65535}


def _identifier() -> dict[str, Any]:
    """A name in PostgreSQL and in its address without quotation."""
    return {"type": "string", "pattern": "^[a-z_][a-z0-9_]{0,62}$"}


def text() -> str:
    """As it stands in the file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write(file: Path = FILE) -> None:
    """Write it where Helm looks."""
    file.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
