"""The names of metrics are an interface: the page for ops lists exactly those that the code has."""

from __future__ import annotations

import re

from tests.monitoring.monitored import DASHBOARDS, PAGE, alerts, families, labels_of, recorded


def rows(heading: str) -> list[list[str]]:
    """The rows of the table under a heading, their cells."""
    _, _, after = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    section = after.split("\n## ", maxsplit=1)[0]
    table = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[1:] if "---" not in line]


def test_the_page_lists_every_metric_with_its_labels_as_the_code_has_them() -> None:
    listed = {}
    for name, kind, meaning in rows("Metrics"):
        match = re.fullmatch(r"`(\w+)(?:\{(.*)\})?`", name)
        assert match is not None, name
        listed[match[1]] = (tuple(match[2].split(", ")) if match[2] else (), kind, meaning)
    assert listed == {name: (labels_of(name), each.type, each.documentation) for name, each in families().items()}


def test_the_page_lists_every_alert() -> None:
    listed = {
        re.sub(r"\[(\w+)\]\(runbooks/\1\.md\)", r"\1", name): (kind, after) for name, kind, after, _ in rows("Alerts")
    }
    assert listed == {name: (each["labels"]["severity"], each.get("for", "0m")) for name, each in alerts().items()}


def test_the_page_names_every_recorded_rule_and_dashboard() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in recorded() if f"`{name}`" not in text] == []
    assert [path.stem for path in DASHBOARDS if f"`{path.stem}`" not in text] == []
