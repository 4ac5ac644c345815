"""Each alert fires, stays quiet, reads metrics that exist, and has a runbook whose commands exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.monitoring.monitored import (
    OTHERS,
    RULES,
    RUNBOOKS,
    TESTS,
    alerts,
    documents,
    metrics_of,
    recorded,
    rules,
    told_names,
)
from tests.place import ROOT
from typer.main import get_command

from clic.commands import app

SECTIONS = ("What it means", "What the citizen feels", "Look", "Mend", "Wake somebody")


def run(promtool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Promtool's verdict."""
    return subprocess.run([promtool, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)


def test_prometheus_takes_the_rules(promtool: str) -> None:
    checked = run(promtool, "check", "rules", *RULES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_fires_and_stays_quiet_as_its_tests_say(promtool: str) -> None:
    tried = run(promtool, "test", "rules", *TESTS)
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    fires: set[str] = set()
    quiet: set[str] = set()
    for _, document in documents(TESTS):
        for test in document["tests"]:
            for each in test["alert_rule_test"]:
                (fires if each["exp_alerts"] else quiet).add(each["alertname"])
    assert fires == set(alerts())
    assert quiet == set(alerts())


@pytest.mark.parametrize(("planted", "found"), [("> 300", "> 30000"), ("severity: page", "severity: ticket")])
def test_a_rule_that_was_changed_by_mistake_is_noticed(promtool: str, tmp_path: Path, planted: str, found: str) -> None:
    """The proof that those tests can fail."""
    for folder in ("rules", "tests"):
        shutil.copytree(RULES[0].parent.parent / folder, tmp_path / folder)
    path = tmp_path / "rules" / "promise.yaml"
    before, name, after = path.read_text(encoding="utf-8").partition("- alert: ClicInboxWaits\n")
    assert planted in after
    path.write_text(before + name + after.replace(planted, found, 1), encoding="utf-8")
    tried = run(promtool, "test", "rules", tmp_path / "tests" / "promise.yaml")
    assert tried.returncode != 0
    assert "ClicInboxWaits" in tried.stdout + tried.stderr


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_reads_metrics_that_exist(rule: dict[str, str]) -> None:
    read = metrics_of(rule["expr"])
    assert read, "an expression that reads nothing says nothing"
    assert read <= told_names() | recorded() | OTHERS


def test_a_metric_that_nobody_tells_would_be_noticed() -> None:
    read = metrics_of('sum by (namespace) (rate(clic_invented_total{status="clic_other"}[5m] offset 3m)) / clic_up > 2')
    assert read == {"clic_invented_total", "clic_up"}
    assert not read & told_names()


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_how_bad_it_is_and_has_a_runbook_with_everything(name: str) -> None:
    alert = alerts()[name]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"docs/ops/runbooks/{name}.md"
    page = (ROOT / alert["annotations"]["runbook_url"]).read_text(encoding="utf-8")
    heading, *sections = re.findall(r"^#+ (.+)$", page, flags=re.MULTILINE)
    assert heading == name
    assert tuple(sections) == SECTIONS
    assert all(part.strip() for part in re.split(r"^## .+$", page, flags=re.MULTILINE)[1:])


def test_every_runbook_is_an_alerts() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == set(alerts())


def commands(text: str) -> list[str]:
    """The commands of `clic` that a page gives: lines of blocks, and words between backticks."""
    blocks = re.findall(r"^```\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(clic [^`\n]+)`", re.sub(r"^```\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [each for each in (*lines, *inline) if each.startswith("clic ")]


def unknown_words(line: str) -> list[str]:
    """What of a command line `clic` does not know: a command, or an option."""
    command = get_command(app)
    words = line.split("#", maxsplit=1)[0].split()[1:]
    path = []
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return [words[0]]
        path.append(words[0])
        command = command.commands[words.pop(0)]
    options = {name for each in command.params for name in each.opts}
    return [word for word in words if word.startswith("--") and word not in options]


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_the_commands_of_a_runbook_exist(path: Path) -> None:
    lines = commands(path.read_text(encoding="utf-8"))
    assert {line: unknown_words(line) for line in lines if unknown_words(line)} == {}


def test_a_command_that_does_not_exist_would_be_noticed() -> None:
    page = "Do `clic heal --now`, then\n```\nclic quarantine retry --every\nclic quarantine list\n```\n"
    assert [unknown_words(line) for line in commands(page)] == [["--every"], [], ["heal"]]


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_the_links_of_a_runbook_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [*re.findall(r"\]\(([^)#]+)\)", text)]
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_the_names_of_checks_that_runbooks_give_are_checks() -> None:
    from clic.doctor.command import CHECKS  # noqa: PLC0415 - it imports every service

    known = {each.name for each in CHECKS}
    for path in RUNBOOKS.glob("*.md"):
        named = set(re.findall(r"--only ([a-z]+)", path.read_text(encoding="utf-8")))
        assert named <= known, path.name


def test_alerts_tell_towns_apart() -> None:
    """Several towns are several namespaces: what is summed over all of them would hide one behind the other."""
    whole = {"ClicDown", "ClicLogSyncUnknown", "ClicLogWithoutLeader", "ClicBackupUnknown"}
    for name, alert in alerts().items():
        if name not in whole:
            assert "namespace" in alert["expr"] or alert["expr"].startswith("clic:"), name
    assert yaml.safe_load(RULES[0].read_text(encoding="utf-8"))["groups"]
