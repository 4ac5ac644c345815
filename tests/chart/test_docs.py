"""The pages for whoever installs: every Secret, file, command and value in them is there, and they leave none out."""

from __future__ import annotations

import copy
import re
import shlex
from functools import cache
from typing import Any

import pytest
import yaml
from tests.chart import values_schema
from tests.chart.check import faults, secrets
from tests.chart.check.manifest import Manifest, Workload, of_kind
from tests.chart.rendering import FULL, VALUES, manifests, merged
from tests.place import ROOT
from typer.testing import CliRunner

from clic.commands import app

OPS = ROOT / "docs" / "ops"
PAGE = OPS / "installation.md"
RELEASE, NAMESPACE = "clic", "mont-saint-hilaire"
"""As the page installs it."""


def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page(), re.DOTALL)


def commands() -> list[str]:
    """What somebody types, in whole lines."""
    text = "\n".join(blocks("bash")).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines()]


def documented() -> set[tuple[str, str]]:
    """Secret and key of each row of the table."""
    rows = re.findall(r"^\| `([a-z-]+)` \| `([a-z.-]+)` \|", page(), re.MULTILINE)
    assert len(rows) == len(set(rows)), "a row stands twice"
    return set(rows)


def release(values: dict[str, Any]) -> list[Manifest]:
    return manifests(values, release=RELEASE, namespace=NAMESPACE)


@cache
def _full() -> list[Manifest]:
    return release(FULL)


def full() -> list[Manifest]:
    return copy.deepcopy(_full())


# -- Secrets ------------------------------------------------------------------------------------------------------


def test_every_secret_that_pods_need_is_on_the_page_and_no_other() -> None:
    """By name and key, whatever is switched on."""
    assert list(secrets(full(), documented())) == []
    needed = {
        (volume["secret"]["secretName"], item["key"])
        for each in of_kind(full(), "Deployment", "Job", "CronJob")
        for volume in Workload(each).pod["volumes"]
        if "secret" in volume
        for item in volume["secret"]["items"]
    } | {
        (reference["name"], reference["key"])
        for each in of_kind(full(), "Deployment", "CronJob")
        for container in Workload(each).containers
        for variable in container["env"]
        if (reference := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert documented() - needed == set()


@pytest.mark.parametrize(
    ("plant", "says"),
    [
        ("a key that is nowhere", "needs key other.key of Secret clic-intake, which the installation's page"),
        ("a password in clear", "CLIC_SMTP_PASSWORD stands in clear"),
        ("a password in an address", "CLIC_POSTGRES_URL has a password in its address"),
        ("a Secret of the chart", "Secret mine is of the chart"),
        ("a whole Secret as variables", "needs key every key of Secret clic-intake"),
    ],
)
def test_a_secret_that_should_not_be_so_is_found(plant: str, says: str) -> None:
    """Each way in which one gets where it can be read."""
    planted = full()
    intake = next(each for each in of_kind(planted, "Deployment") if Workload(each).component == "intake")
    (container,) = Workload(intake).containers
    (volume,) = [each for each in Workload(intake).pod["volumes"] if each["name"] == "secret"]
    variables = {each["name"]: each for each in container["env"]}
    match plant:
        case "a key that is nowhere":
            volume["secret"]["items"].append({"key": "other.key", "path": "other.key"})
        case "a password in clear":
            variables["CLIC_SMTP_PASSWORD"].pop("valueFrom")
            variables["CLIC_SMTP_PASSWORD"]["value"] = "hunter2"
        case "a password in an address":
            variables["CLIC_POSTGRES_URL"]["value"] = "postgresql://clic:hunter2@postgres/clic"
        case "a Secret of the chart":
            planted.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}})
        case _:
            container["envFrom"] = [{"secretRef": {"name": "clic-intake"}}]
    assert any(says in each for each in secrets(planted, documented()))


# -- files, commands, values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["README.md", "installation.md", "sizing.md"])
def test_what_a_page_leads_to_is_there(name: str) -> None:
    """Its links, and the files that it names by their paths."""
    text = (OPS / name).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert (OPS / link).resolve().exists(), link
    for file in re.findall(r"deploy/[a-z0-9/_.-]+[a-z]", text):
        assert (ROOT / file).exists(), file
    for file in re.findall(r"`values/([a-z-]+\.yaml)`", text):
        assert (VALUES / file).exists(), file


def test_every_overlay_and_manifest_is_on_the_page() -> None:
    """One that nobody is told of is not used."""
    assert {path.name for path in VALUES.iterdir()} == set(re.findall(r"values/([a-z-]+\.yaml)", page()))


@pytest.mark.parametrize("line", sorted({line for line in commands() if line.startswith("clic ")}))
def test_a_command_of_ours_exists_with_its_options(line: str) -> None:
    """As it stands on the page."""
    words = shlex.split(line.partition(" > ")[0])[1:]
    said = CliRunner().invoke(app, [*words, "--help"])
    assert said.exit_code == 0, said.output


def test_the_values_of_the_page_make_a_release_without_a_fault() -> None:
    """With the overlay that it names, they are what a town begins with."""
    (text,) = blocks("yaml")
    overlay = yaml.safe_load((VALUES / "ingress-traefik.yaml").read_text(encoding="utf-8"))
    made = release(merged(overlay, yaml.safe_load(text)))
    assert faults(made) == []


def test_every_value_that_the_page_names_is_one() -> None:
    """By its path, from the top of the values."""
    top = values_schema.schema()["properties"]
    keys = {key for _, key in documented()}
    for path in re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z_0-9]+)+)`", page()):
        first, *rest = path.split(".")
        if first not in top or path in keys:
            continue
        node = top[first]
        for key in rest:
            assert key in node["properties"], path
            node = node["properties"][key]


# -- what stands beside the release ---------------------------------------------------------------------------------


def beside(name: str) -> list[Manifest]:
    return list(yaml.safe_load_all((VALUES / name).read_text(encoding="utf-8")))


def test_the_namespaces_refuse_what_is_not_restricted_and_may_speak_with_servers() -> None:
    """By the labels that the servers' own policies ask for."""
    labels_of = {
        each["metadata"]["name"]: each["metadata"]["labels"] for each in of_kind(beside("namespaces.yaml"), "Namespace")
    }
    assert set(labels_of) == {NAMESPACE, "nats", "postgres"}
    assert {labels["pod-security.kubernetes.io/enforce"] for labels in labels_of.values()} == {"restricted"}
    asked = {
        label
        for name in ("nats.yaml", "cloudnative-pg.yaml")
        for label in re.findall(r"matchLabels: \{ (clic/[a-z]+): client", (VALUES / name).read_text(encoding="utf-8"))
    }
    assert {label for label, value in labels_of[NAMESPACE].items() if value == "client"} == asked


def test_there_is_a_certificate_for_each_name_by_which_something_is_asked() -> None:
    """In the Secrets that pods mount, for the names that clients use."""
    certificates = {each["spec"]["secretName"]: each for each in of_kind(beside("certificates.yaml"), "Certificate")}
    for service in values_schema.SETTINGS:
        found = certificates[f"{RELEASE}-{service}-tls"]
        assert found["metadata"]["namespace"] == NAMESPACE
        names = {f"{RELEASE}-{service}{tail}" for tail in ("", f".{NAMESPACE}", f".{NAMESPACE}.svc")}
        assert names <= set(found["spec"]["dnsNames"])
    for monitor in of_kind(full(), "ServiceMonitor"):
        tls = monitor["spec"]["endpoints"][0]["tlsConfig"]
        assert tls["serverName"] in certificates[tls["ca"]["secret"]["name"]]["spec"]["dnsNames"]
    nats = yaml.safe_load((VALUES / "nats.yaml").read_text(encoding="utf-8"))
    clients = certificates[nats["config"]["nats"]["tls"]["secretName"]]["spec"]
    assert "nats.nats.svc.cluster.local" in clients["dnsNames"]
    routes = certificates[nats["config"]["cluster"]["tls"]["secretName"]]["spec"]
    assert "*.nats-headless" in routes["dnsNames"]
    assert {"server auth", "client auth"} <= set(routes["usages"])
    assert nats["tlsCA"]["secretName"] in certificates
