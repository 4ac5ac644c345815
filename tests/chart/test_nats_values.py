"""The values of the official NATS chart: three servers of the wheel run by them, with TLS, users and streams."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nats as nats_client
import pytest
import trustme
from nats.errors import Error as NatsError
from tests.chart import nats_chart
from tests.chart.nats_servers import Servers, running
from tests.chart.rendering import rendered
from typer.testing import CliRunner

from clic.admission import new_seed
from clic.commands import app
from clic.nats_config import OPS, SERVICES
from clic_chassis.embedded.nats import MAX_PAYLOAD_BYTES, nats_binary
from clic_chassis.embedded.port import LOOPBACK, ask
from clic_chassis.embedded.server_process import wait_for
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.streams import STREAMS


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """By the values as they stand."""
    with running(tmp_path_factory.mktemp("nats"), nats_chart.server_config(nats_chart.values())) as all_three:
        yield all_three


async def signed_in(servers: Servers, user: str, **changed: Any) -> str:
    """As a service connects; gives the server that let it in."""
    options = {"user": user, "seed_file": servers.seed_file(user), "ca_file": servers.folder / "ca" / "ca.crt"}
    credential = NatsCredential(**{**options, **changed})
    client = await nats_client.connect(
        servers.url,
        nkeys_seed_str=credential.seed(),
        tls=ssl.create_default_context(cafile=credential.ca_file),
        inbox_prefix=credential.inbox_prefix.encode(),
        allow_reconnect=False,
        max_reconnect_attempts=1,
        connect_timeout=30,
    )
    name = str(client._server_info["server_name"])
    await client.close()
    return name


def test_the_streams_stand_on_three_servers_that_sync_always(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the job's own command, as ops, over TLS."""
    for name, value in {
        "CLIC_NATS_URL": servers.url,
        "CLIC_NATS_USER": OPS,
        "CLIC_NATS_NKEY_SEED_FILE": str(servers.seed_file(OPS)),
        "CLIC_NATS_CA_FILE": str(servers.folder / "ca" / "ca.crt"),
    }.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["streams", "apply", "--replicas", "3", "--wait-s", "60"])
    assert done.exit_code == 0, done.output
    for port in servers.monitoring_ports:
        _, page = ask(f"http://{LOOPBACK}:{port}/jsz?config=true")
        assert page["config"]["sync_always"] is True
        # The leader has answered; the others make theirs by and by.
        assert wait_for(lambda: replicas(port) == dict.fromkeys(STREAMS, 3), 30), replicas(port)  # noqa: B023 - at once


def replicas(monitoring_port: int) -> dict[str, int]:
    """Of each stream that a server has."""
    _, page = ask(f"http://{LOOPBACK}:{monitoring_port}/jsz?streams=true&config=true&accounts=true")
    return {
        stream["name"]: stream["config"]["num_replicas"]
        for account in page["account_details"]
        for stream in account.get("stream_detail") or []
    }


def test_what_is_too_large_is_refused_with_a_reason(servers: Servers) -> None:
    """Not by a cut connection: the server takes more than any stream does."""
    _, page = ask(f"http://{LOOPBACK}:{servers.monitoring_ports[0]}/varz")
    assert page["max_payload"] >= MAX_PAYLOAD_BYTES


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_signs_in_by_its_key_over_tls(servers: Servers, service: str) -> None:
    """With what its Secret holds."""
    assert asyncio.run(signed_in(servers, service)).startswith("nats-")


def test_nobody_is_let_in_without_tls_or_by_another_key(servers: Servers) -> None:
    """Nor does a client go on with a server that another authority speaks for."""

    async def in_clear() -> None:
        await nats_client.connect(
            f"nats://{LOOPBACK}:{servers.ports[0]}", allow_reconnect=False, max_reconnect_attempts=1, connect_timeout=30
        )

    with pytest.raises((NatsError, OSError)):
        asyncio.run(in_clear())
    other = servers.folder / "other.nk"
    other.write_text(new_seed(), encoding="utf-8")
    with pytest.raises((NatsError, OSError)):
        asyncio.run(signed_in(servers, "intake", seed_file=other))
    trustme.CA().cert_pem.write_to_path(servers.folder / "other.crt")
    with pytest.raises((NatsError, OSError)):
        asyncio.run(signed_in(servers, "intake", ca_file=servers.folder / "other.crt"))


def test_the_servers_are_as_new_as_they_have_to_be() -> None:
    """Older ones compact compressed streams wrongly; the tests run on what the values name."""
    tag = nats_chart.values()["container"]["image"]["tag"]
    version = subprocess.run([nats_binary(), "--version"], capture_output=True, text=True, check=True).stdout
    assert version.split()[-1] == f"v{tag.removesuffix('-alpine')}"


def test_the_clients_are_told_where_the_chart_puts_the_servers() -> None:
    """Names, ports, and the label by which the servers' policy lets a town's namespace in."""
    said = nats_chart.values()
    (policy,) = said["extraResources"]
    sources = [rule["from"] for rule in policy["spec"]["ingress"]]
    assert sources[0] == [{"namespaceSelector": {"matchLabels": {"clic/nats": "client"}}}]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    environment = {
        variable["name"]: variable.get("value", "")
        for variable in next(m for m in rendered("full") if m["kind"] == "Deployment")["spec"]["template"]["spec"][
            "containers"
        ][0]["env"]
    }
    assert environment["CLIC_NATS_URL"] == "tls://nats.nats.svc.cluster.local:4222"
    assert environment["CLIC_NATS_MONITORING_URL"] == "http://nats-headless.nats.svc.cluster.local:8222"


def test_every_container_of_the_servers_is_restricted() -> None:
    """The chart sets no security context by itself."""
    said = nats_chart.values()
    pod = said["podTemplate"]["merge"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in (said["container"], said["reloader"], said["promExporter"]):
        assert container["merge"]["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert said["natsBox"] == {"enabled": False}


def test_servers_that_do_not_sync_are_seen(tmp_path: Path) -> None:
    """The fault that matters most, planted: what looks at the servers is what finds it."""
    said = nats_chart.values()
    said["config"]["jetstream"]["merge"].pop("sync_interval")
    with running(tmp_path, nats_chart.server_config(said)) as without:
        _, page = ask(f"http://{LOOPBACK}:{without.monitoring_ports[0]}/jsz")
        assert page["config"].get("sync_always") is not True
