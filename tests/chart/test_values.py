"""What the chart can be told: its schema is of today's settings, and refuses what nobody reads."""

from __future__ import annotations

from typing import Any

import helm_python
import pytest
import yaml
from tests.chart import values_schema
from tests.chart.check.manifest import Workload, of_kind
from tests.chart.rendering import BARE, CHART, EVERY, FULL, VALUES, manifests, merged, render, rendered, town

from clic.nats_config import ACCOUNT, DURABLES

BACKUP_ON_ONE_VOLUME = {"backup": {"enabled": True, "claims": {"log": "a", "keys": "a", "erasures": "b"}}}
OF_A_DATABASE = {"postgres_url", "postgres_password_file", "migrate_at_start"}


def test_the_schema_is_what_the_settings_give() -> None:
    """Else: python -m tests.chart.values_schema."""
    assert values_schema.FILE.read_text(encoding="utf-8") == values_schema.text()


def test_the_defaults_name_everything_that_the_schema_knows() -> None:
    """`values.yaml` is what people read: no value stands in the schema alone."""

    def missing(schema: dict[str, Any], values: Any, where: str = "") -> list[str]:
        if "properties" not in schema or where.endswith((".settings", ".digests")):
            return []
        known = {key: each for key, each in schema["properties"].items() if key != "global"}
        found = [f"{where}.{key}" for key in known if key not in values]
        return found + [
            each for key in set(known) & set(values) for each in missing(known[key], values[key], f"{where}.{key}")
        ]

    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert missing(values_schema.schema(), defaults) == []


@pytest.mark.parametrize("service", values_schema.SETTINGS)
def test_whatever_a_service_reads_can_be_said(service: str) -> None:
    """By a value, by a secret, or by the chart: a setting that is new is not forgotten."""
    every = set(values_schema.SETTINGS[service].model_fields)
    sayable = set(values_schema.settings_of(values_schema.SETTINGS[service]))
    said = {
        name.removeprefix("CLIC_").lower()
        for values in EVERY
        for each in of_kind(rendered(values), "Deployment")
        if Workload(each).component == service
        for name in Workload(each).environment
    }
    without_database = set() if service in values_schema.WITH_DATABASE else OF_A_DATABASE
    assert every - sayable - said == {"trace_file"} | without_database  # A pod has no folder for traces.


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"intake": {"settings": {"nats_url": "nats://elsewhere"}}}, "'nats_url' not allowed"),
        ({"routing": {"settings": {"public_url": "https://ville.example"}}}, "'public_url' not allowed"),
        ({"intake": {"settings": {"lmtp_port": 24}}}, "lmtp_port"),
        ({"intake": {"settings": {"smtp_password": "in clear"}}}, "'smtp_password' not allowed"),
        ({"intake": {"secretKeys": ["smtp_password"]}}, "/intake/secretKeys/0"),
        ({"intake": {"replica": 3}}, "'replica' not allowed"),
        ({"nats": {"url": "nats://nats:4222"}}, "/nats/url"),
        ({"nats": {"replicas": 2}}, "/nats/replicas"),
        ({"image": {"digests": {"intake": "sha256:short"}}}, "/image/digests/intake"),
        ({"reporting": {"autoscaling": {"enabled": True}}}, "'autoscaling' not allowed"),
        ({"town": {"files": {"../secret": "x"}}}, "invalid propertyName '../secret'"),
        ({"postgres": {"password": "x"}}, "'password' not allowed"),
    ],
)
def test_a_value_that_nobody_reads_or_that_does_not_fit_is_refused(values: dict[str, Any], says: str) -> None:
    """By Helm, before anything reaches a cluster."""
    with pytest.raises(helm_python.HelmValuesError, match=says):
        render(merged(BARE, values))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"image": {"registry": ""}}, "image.registry: where the images are"),
        ({"intake": {"ingress": {"enabled": True, "tlsSecret": "x"}}}, "intake.ingress.hosts: by which names"),
        ({"intake": {"ingress": {"enabled": True, "hosts": ["a.example"]}}}, "nobody writes to a town in clear"),
        ({"intake": {"settings": {"lmtp_port": 2024}}}, "intake.mail.from: who may bring mail"),
        ({"backup": {"enabled": True}}, "backup.claims: three volumes"),
        (BACKUP_ON_ONE_VOLUME, "the log and what opens it do not lie on one volume"),
    ],
)
def test_what_is_missing_is_named(values: dict[str, Any], says: str) -> None:
    """A template that went on would make something that is open, or does not start."""
    with pytest.raises(helm_python.HelmError, match=says):
        render(merged(BARE, values))


def test_a_release_without_a_town_is_refused() -> None:
    """No town is nobody's."""
    with (
        helm_python.Chart.load(CHART) as chart,
        pytest.raises(helm_python.HelmRenderError, match="clic town values"),
    ):
        chart.render(BARE, name="x", namespace="y")


def test_helm_finds_nothing_to_say() -> None:
    """`helm lint --strict`; an icon is only advised."""
    found = helm_python.lint(CHART, merged(town(), FULL), strict=True, namespace="clic")
    assert [each["error"] for each in found["messages"]] == ["icon is recommended"]


def test_lag_is_watched_of_every_consumer_that_a_reactor_has() -> None:
    """A consumer that is new in a service is watched in the chart, too."""
    watched = {
        each["metadata"]["labels"]["app.kubernetes.io/component"]: sorted(
            (trigger["metadata"]["stream"], trigger["metadata"]["consumer"]) for trigger in each["spec"]["triggers"]
        )
        for each in of_kind(rendered("full"), "ScaledObject")
    }
    assert {
        trigger["metadata"]["account"]
        for each in of_kind(rendered("full"), "ScaledObject")
        for trigger in each["spec"]["triggers"]
    } == {ACCOUNT}
    assert watched == {service: sorted(pairs) for service, pairs in DURABLES.items() if pairs}


def test_what_has_parts_is_json_in_the_environment() -> None:
    """And a number is no 3e+01."""
    environment = {
        each["metadata"]["labels"]["app.kubernetes.io/component"]: Workload(each).environment
        for each in of_kind(rendered("full"), "Deployment")
    }
    assert environment["intake"]["CLIC_OIDC_ROLES"] == '{"clic-agents":["agent","desk"]}'
    assert environment["intake"]["CLIC_IMAP_POLL_S"] == "30"
    assert environment["reporting"]["CLIC_LINKS"] == '{"Écrire à la Ville":"https://demandes.ville.example/demande"}'


def test_a_job_that_would_do_something_else_has_another_name() -> None:
    """A Job cannot be changed: an upgrade makes another, and a second one of the same release none."""

    def jobs(values: dict[str, Any]) -> set[str]:
        return {each["metadata"]["name"] for each in of_kind(manifests(values), "Job")}

    assert jobs(BARE) == jobs(BARE)
    assert not jobs(BARE) & jobs(merged(BARE, {"image": {"tag": "0.2.0"}}))
    assert len(jobs(BARE) & jobs(merged(BARE, {"nats": {"replicas": 5}}))) == 2


def test_no_name_is_longer_than_kubernetes_takes() -> None:
    """Of the longest release; a longer one is refused: cut short, two towns could have the same names."""
    longest = "x" * 34
    for each in manifests(FULL, release=longest):
        most = {"CronJob": 52, "ConfigMap": 253}.get(each["kind"], 63)
        assert len(each["metadata"]["name"]) <= most, each["metadata"]["name"]
    with pytest.raises(helm_python.HelmError, match="at most 34 letters"):
        render(BARE, release=longest + "x")


def test_two_towns_are_two_releases() -> None:
    """In one namespace even: nothing has the same name, and nothing of one selects the other's pods."""
    one, other = (manifests(FULL, release=release, namespace="villes") for release in ("otterburn", "beloeil"))
    names = [{(each["kind"], each["metadata"]["name"]) for each in release} for release in (one, other)]
    assert names[0].isdisjoint(names[1])
    theirs = [Workload(each).labels for each in of_kind(other, "Deployment", "Job")]
    for each in one:
        spec = each.get("spec", {})
        selector = spec.get("selector", spec.get("podSelector", {}))
        wanted = selector.get("matchLabels", selector)
        if wanted:
            assert not any(wanted.items() <= labels.items() for labels in theirs), each["metadata"]["name"]
    assert all("namespace" not in each["metadata"] for each in one)


@pytest.mark.parametrize("overlay", sorted(path.name for path in VALUES.glob("ingress-*.yaml")))
def test_an_overlay_of_a_controller_fits_the_chart(overlay: str) -> None:
    """Each of `deploy/chart/values/ingress-*.yaml`."""
    values = yaml.safe_load((VALUES / overlay).read_text(encoding="utf-8"))
    before = {each["metadata"]["name"]: each for each in of_kind(manifests(FULL), "Ingress")}
    after = {each["metadata"]["name"]: each for each in of_kind(manifests(merged(FULL, values)), "Ingress")}
    assert set(before) == set(after)
    assert all(after[name]["metadata"]["annotations"] for name in after)


def test_everything_that_can_be_switched_on_is_tried() -> None:
    """Each flag of the values is on in one of the releases that the checks look at."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))

    def flags(values: Any, where: str = "") -> set[str]:
        if not isinstance(values, dict):
            return set()
        own = {where} if values.get("enabled") is False else set()
        return own.union(*(flags(each, f"{where}.{key}") for key, each in values.items()))

    def is_on(values: Any, where: str) -> bool:
        for key in where.split(".")[1:]:
            values = values.get(key, {})
        return bool(values.get("enabled"))

    never = {where for where in flags(defaults) if not any(is_on(each, where) for each in EVERY.values())}
    assert never == {".routing.ingress", ".deadlines.ingress"}  # As the others': the same lines.
