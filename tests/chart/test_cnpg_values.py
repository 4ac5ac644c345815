"""CloudNativePG's manifests: what the chart's services are told of PostgreSQL is what stands there.

No package of a registry has this operator's schemas. The fields below are those that were held to its own definitions
(CloudNativePG 1.30, Barman Cloud plugin of August 2026) when they were written: another one has to be looked up first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped] # It ships no types.
import pytest
import yaml
from tests.chart.check.manifest import Workload, of_kind
from tests.chart.rendering import BARE, FULL, VALUES, manifests, merged, rendered
from tests.chart.values_schema import WITH_DATABASE

from clic_chassis.server_connection import POOL_CONNECTIONS_MAX

FREE: dict[str, Any] = {}
TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 1}


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


NAMED = closed(name=TEXT)
KEY = closed(name=TEXT, key=TEXT)
CLUSTER = closed(
    instances=COUNT, imageName=TEXT, primaryUpdateStrategy={"enum": ["unsupervised", "supervised"]},
    enableSuperuserAccess={"type": "boolean"}, enablePDB={"type": "boolean"},
    bootstrap=closed(
        initdb=closed(
            database=TEXT, owner=TEXT, secret=NAMED, encoding=TEXT, localeProvider=TEXT, builtinLocale=TEXT,
            localeCollate=TEXT, localeCType=TEXT,
            dataChecksums={"type": "boolean"}, postInitSQL={"type": "array", "items": TEXT},
        )
    ),
    managed=closed(
        roles={
            "type": "array",
            "items": closed(name=TEXT, ensure={"enum": ["present"]}, login={"const": True}, passwordSecret=NAMED),
        }
    ),
    postgresql=closed(
        synchronous=closed(
            method={"enum": ["any", "first"]}, number=COUNT, dataDurability={"enum": ["required", "preferred"]},
            failoverQuorum={"type": "boolean"},
        ),
        parameters={"type": "object", "additionalProperties": TEXT},
        pg_hba={"type": "array", "items": TEXT},
    ),
    storage=closed(size=TEXT), walStorage=closed(size=TEXT), resources=closed(requests=FREE, limits=FREE),
    seccompProfile=closed(type=TEXT),
    affinity=closed(enablePodAntiAffinity={"type": "boolean"}, podAntiAffinityType=TEXT, topologyKey=TEXT),
)  # fmt: skip
SCHEMAS = {
    ("postgresql.cnpg.io/v1", "Cluster"): CLUSTER,
    ("postgresql.cnpg.io/v1", "Database"): closed(name=TEXT, owner=TEXT, encoding=TEXT, cluster=NAMED),
    ("postgresql.cnpg.io/v1", "ScheduledBackup"): closed(
        schedule={"type": "string", "pattern": r"^(\S+ ){5}\S+$"}, backupOwnerReference=TEXT, cluster=NAMED,
        method={"enum": ["plugin"]}, pluginConfiguration=NAMED,
    ),
    ("barmancloud.cnpg.io/v1", "ObjectStore"): closed(
        retentionPolicy={"type": "string", "pattern": "^[1-9][0-9]*[dwm]$"},
        configuration=closed(
            destinationPath=TEXT, endpointURL=TEXT, s3Credentials=closed(accessKeyId=KEY, secretAccessKey=KEY),
            wal=closed(compression=TEXT, encryption=TEXT), data=closed(compression=TEXT, encryption=TEXT),
        ),
    ),
}  # fmt: skip
FILES = ("cloudnative-pg.yaml", "cloudnative-pg-archive.yaml")


def documents(name: str = FILES[0]) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((VALUES / name).read_text(encoding="utf-8")))


def faults(document: dict[str, Any]) -> list[str]:
    kind = document["apiVersion"], document["kind"]
    if kind not in SCHEMAS:
        try:
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)
        except kubernetes_validate.ValidationError as error:
            return [error.message]
        return []
    return [error.message for error in jsonschema.Draft202012Validator(SCHEMAS[kind]).iter_errors(document["spec"])]


def cluster() -> Any:
    (found,) = of_kind(documents(), "Cluster")
    return found["spec"]


@pytest.mark.parametrize("name", FILES)
def test_every_field_is_one_that_the_operator_knows(name: str) -> None:
    """And an unknown one is found."""
    for document in documents(name):
        assert faults(document) == [], document["kind"]
        document["spec"]["instanses"] = 3
        assert faults(document) != [], document["kind"]


def told() -> Iterator[tuple[str, str, str, int]]:
    """What each service is told: its role, host, database and port."""
    for each in of_kind(rendered("bare"), "Deployment"):
        url = Workload(each).environment.get("CLIC_POSTGRES_URL")
        if url is not None:
            role, _, rest = url.removeprefix("postgresql://").partition("@")
            host, _, database = rest.partition("/")
            name, _, port = host.partition(":")
            yield role, name, database.partition("?")[0], int(port)


def test_each_service_has_its_role_and_its_database() -> None:
    """By the names that the chart tells it, on the service that leads to the primary."""
    owners = {each["spec"]["name"]: each["spec"]["owner"] for each in of_kind(documents(), "Database")}
    first = cluster()["bootstrap"]["initdb"]
    owners[first["database"]] = first["owner"]
    assert {database: role for role, _, database, _ in told()} == owners
    assert {each["name"] for each in cluster()["managed"]["roles"]} == set(owners.values())
    assert {(host, port) for _, host, _, port in told()} == {("clic-postgres-rw.postgres.svc.cluster.local", 5432)}


def test_a_role_reaches_its_own_database_alone_and_over_tls() -> None:
    """The operator's last line would let every role in everywhere: ours come before it, and end with a refusal."""
    *lines, last = cluster()["postgresql"]["pg_hba"]
    assert lines == [f"hostssl clic_{each} clic_{each} all scram-sha-256" for each in WITH_DATABASE]
    assert last == "host all all all reject"
    assert cluster()["enableSuperuserAccess"] is False


def test_what_was_acknowledged_stands_on_two_servers() -> None:
    """And no server becomes the primary that may lack it."""
    assert cluster()["instances"] == 3
    assert cluster()["postgresql"]["synchronous"] == {
        "method": "any",
        "number": 1,
        "dataDurability": "required",
        "failoverQuorum": True,
    }


def test_there_are_connections_enough_for_every_instance() -> None:
    """All scaled to their most, one of each replaced, and a fifth left for operators and analysts."""
    scaled = {each["metadata"]["name"]: each["spec"] for each in of_kind(manifests(FULL), "ScaledObject")}
    instances = 0
    for each in of_kind(manifests(merged(FULL, BARE)), "Deployment"):
        if "CLIC_POSTGRES_URL" in Workload(each).environment:
            name = each["metadata"]["name"]
            instances += 1 + (scaled[name]["maxReplicaCount"] if name in scaled else each["spec"]["replicas"])
    most = int(cluster()["postgresql"]["parameters"]["max_connections"])
    assert instances * (POOL_CONNECTIONS_MAX + 1) <= 0.8 * most


def test_the_archive_forgets_soon_and_lies_elsewhere() -> None:
    """It holds keys of requests that were erased since: an erasure is whole once it forgot them."""
    (store,) = of_kind(documents(FILES[1]), "ObjectStore")
    assert store["spec"]["retentionPolicy"] == "7d"
    assert "log" not in store["spec"]["configuration"]["destinationPath"]
