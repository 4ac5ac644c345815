"""What the chart takes from `deploy/monitoring`: the rules and dashboards that stand there, whole, and as they are."""

from __future__ import annotations

import json

import yaml
from tests.chart.check.manifest import of_kind
from tests.chart.rendering import rendered
from tests.place import ROOT

MONITORING = ROOT / "deploy" / "monitoring"


def test_every_rule_is_in_the_release() -> None:
    """With its own templates, which Helm must leave alone."""
    (rule,) = of_kind(rendered("full"), "PrometheusRule")
    files = sorted((MONITORING / "rules").glob("*.yaml"))
    assert files
    assert rule["spec"]["groups"] == [
        group for path in files for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]
    assert "{{ $labels." in json.dumps(rule)


def test_every_dashboard_is_in_the_release() -> None:
    """Under the label by which Grafana's sidecar finds it."""
    found = {
        key: json.loads(text)
        for each in of_kind(rendered("full"), "ConfigMap")
        if each["metadata"]["labels"].get("grafana_dashboard") == "1"
        for key, text in each["data"].items()
    }
    files = {path.name: path for path in (MONITORING / "dashboards").glob("*.json")}
    assert found == {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items()}


def test_what_a_service_says_of_itself_is_kept() -> None:
    """Rules ask for `service="intake"`: the operator would put the Service's name there, and ours aside."""
    assert any('{service="intake"}' in path.read_text() for path in (MONITORING / "rules").glob("*.yaml"))
    for each in of_kind(rendered("full"), "ServiceMonitor"):
        component = each["metadata"]["labels"]["app.kubernetes.io/component"]
        assert each["spec"]["jobLabel"] == "app.kubernetes.io/component"
        assert each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] == component
        assert [endpoint["honorLabels"] for endpoint in each["spec"]["endpoints"]] == [True]


def test_nothing_watches_unless_it_is_asked_for() -> None:
    """A cluster without the Prometheus operator knows none of these kinds."""
    assert {"ServiceMonitor", "PrometheusRule"}.isdisjoint(each["kind"] for each in rendered("bare"))
