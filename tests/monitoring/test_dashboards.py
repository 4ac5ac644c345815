"""Dashboards: Grafana's own form as far as it can be checked here, and every expression one that Prometheus takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.monitoring.monitored import (
    DASHBOARDS,
    OTHERS,
    alerts,
    documents,
    expressions,
    families,
    labels_of,
    metrics_of,
    panels,
    recorded,
    told_names,
)
from tests.monitoring.test_rules import run

WIDTH = 24
KINDS = {"stat", "timeseries", "table"}
UNITS = {"none", "s", "bytes", "percentunit", "reqps", "cps", "cpm"}
"""Ids of Grafana's own units (`@grafana/data`, valueFormats)."""


def test_there_is_one_for_each_question() -> None:
    names = {path.stem for path in DASHBOARDS}
    assert names == {f"clic-{each}" for each in ("overview", "services", "log", "deadlines", "mail", "publishers")}


@pytest.mark.parametrize(("path", "board"), documents(DASHBOARDS), ids=lambda each: getattr(each, "stem", ""))
def test_a_dashboard_can_be_provisioned(path: Path, board: dict[str, Any]) -> None:
    assert board["uid"] == path.stem
    assert "id" not in board, "an id is given by the Grafana that takes it in"
    assert board["schemaVersion"] >= 36
    assert [each["name"] for each in board["templating"]["list"]] == ["datasource", "namespace"]
    found = panels(board)
    assert len({each["id"] for each in found}) == len(found)
    taken: set[tuple[int, int]] = set()
    for panel in found:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH
        fields = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not fields & taken, f"{panel['title']} lies over another panel"
        taken |= fields
        assert panel["type"] in KINDS
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"].get("unit", "none") in UNITS
        assert [each["refId"] for each in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]
        assert all(each["datasource"] == {"type": "prometheus", "uid": "${datasource}"} for each in panel["targets"])
        steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert steps[0]["value"] is None
        values = [each["value"] for each in steps[1:]]
        assert values == sorted(values)


@pytest.mark.parametrize(("path", "board"), documents(DASHBOARDS), ids=lambda each: getattr(each, "stem", ""))
def test_what_it_shows_exists(path: Path, board: dict[str, Any]) -> None:
    for each in expressions(board):
        assert metrics_of(each) <= told_names() | recorded() | OTHERS, each
        assert 'namespace=~".*"' in each, f"every town at once: {each}"
    named = {word.strip(".,:") for panel in panels(board) for word in panel["description"].split() if "Clic" in word}
    assert named <= set(alerts())


def test_prometheus_takes_every_expression(promtool: str, tmp_path: Path) -> None:
    every = [each for _, board in documents(DASHBOARDS) for each in expressions(board)]
    assert len(every) > 60
    file = tmp_path / "dashboards.yaml"
    made = [{"record": f"panel:{n}", "expr": each} for n, each in enumerate(every)]
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": made}]}), encoding="utf-8")
    checked = run(promtool, "check", "rules", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr

    made[0]["expr"] += ")"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": made}]}), encoding="utf-8")
    assert run(promtool, "check", "rules", file).returncode != 0, "one that it does not take would be noticed"


def test_no_metric_can_name_a_person_or_a_request() -> None:
    """POL-26: metrics count, by codes of the town's own rules; whoever watches machines sees nobody."""
    for family in families():
        assert not set(labels_of(family)) & {"request_id", "reference", "agent", "name", "email", "address", "path"}
