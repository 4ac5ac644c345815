"""NATS by keys and certificates, on real servers: who is not who they say is not spoken to; each is replaced."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import nats as nats_client
import pytest
from nats.aio.client import Client
from tests.admission.certificate import Authority, Files

from clic.admission import new_seed
from clic_chassis.embedded import NatsServer, free_port, start_nats
from clic_chassis.embedded.port import ask
from clic_chassis.embedded.server_process import wait_for
from clic_chassis.error import RetryableError
from clic_chassis.nats_credential import CredentialError, CredentialWatch, NatsCredential, public_key_of
from clic_chassis.testing import wait_until
from clic_reporting.reader import open_reader

LOOK_EVERY_S = 0.05
ANSWER_S = 30.0
LOOK_S = 5.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The cluster's own."""
    return Authority(tmp_path, "authority")


def tls_config(files: Files, authority: Path, *, verify: bool = True) -> str:
    """As the chart's values have it."""
    return (
        f'tls {{ cert_file: "{files.certificate}", key_file: "{files.key}", ca_file: "{authority}", '
        f"verify: {str(verify).lower()} }}"
    )


@contextmanager
def nats_server(folder: Path, config: str) -> Iterator[NatsServer]:
    """A server with more in its configuration."""
    server = start_nats(folder / "nats", extra_config=config)
    try:
        yield server
    finally:
        server.stop()


async def connected(server: NatsServer, credential: NatsCredential) -> Client:
    """A client that gives up at once."""

    async def hear(_: Exception) -> None:
        return

    client = await nats_client.connect(
        server.url,
        error_cb=hear,
        allow_reconnect=False,
        max_reconnect_attempts=0,
        connect_timeout=ANSWER_S,
        **credential.options(),
    )
    credential.follow(client)
    return client


async def test_nats_is_spoken_to_by_certificates_of_the_clusters_authority_alone(
    tmp_path: Path, authority: Authority
) -> None:
    """Both ways: a stranger's server is refused, and a client without a certificate is."""
    ours, stranger = authority.give("client"), Authority(tmp_path, "stranger")
    with nats_server(tmp_path, tls_config(authority.give(), authority.file)) as server:
        client = await connected(
            server, NatsCredential(ca_file=authority.file, certificate_file=ours.certificate, key_file=ours.key)
        )
        assert client.is_connected
        await client.close()
        for wrong in (
            NatsCredential(ca_file=authority.file),
            NatsCredential(ca_file=stranger.file, certificate_file=ours.certificate, key_file=ours.key),
            NatsCredential(),
        ):
            with pytest.raises((nats_client.errors.Error, OSError)):
                await connected(server, wrong)


async def test_a_server_without_tls_is_not_spoken_to_where_an_authority_is_named(
    tmp_path: Path, authority: Authority
) -> None:
    """Somebody between who takes TLS out of the server's first line would hear everything otherwise."""
    with nats_server(tmp_path, "") as server, pytest.raises(CredentialError, match="speaks without TLS"):
        await connected(server, NatsCredential(ca_file=authority.file))


async def test_servers_of_a_cluster_prove_themselves_to_each_other(tmp_path: Path, authority: Authority) -> None:
    """Three with certificates find a leader; one with a stranger's stays outside."""
    stranger = Authority(tmp_path, "stranger").give("stranger")
    own = authority.give()
    routes = [free_port() for _ in range(4)]
    there = ", ".join(f'"nats-route://127.0.0.1:{port}"' for port in routes[:3])
    servers = [
        NatsServer(
            tmp_path / f"n{number}", f"n{number}", free_port(), free_port(),
            f'cluster {{ name: "clic", listen: "127.0.0.1:{port}", routes: [{there}], '
            f"{tls_config(own if number < 3 else stranger, authority.file)} }}",
        )
        for number, port in enumerate(routes)
    ]  # fmt: skip
    try:
        for server in servers:
            server.start(wait=False)
        assert wait_for(lambda: all(_routes(server) >= 2 for server in servers[:3]), ANSWER_S)
        assert _routes(servers[3]) == 0
    finally:
        for server in servers:
            server.kill()


def _routes(server: NatsServer) -> int:
    said = ask(f"{server.monitoring_url}/routez")[1]
    return len({each["remote_name"] for each in said["routes"]}) if isinstance(said, dict) else 0


async def test_the_fast_reader_trusts_the_authority_too(tmp_path: Path, authority: Authority) -> None:
    """It has no setting for it, and takes the system's: a file that `SSL_CERT_FILE` names."""
    with nats_server(tmp_path, tls_config(authority.give(), authority.file, verify=False)) as server:
        async with open_reader(server.url, NatsCredential(ca_file=authority.file)) as reader:
            await reader.flush()
        with pytest.raises(RetryableError, match="cannot be reached"):
            async with open_reader(server.url, NatsCredential(ca_file=Authority(tmp_path, "stranger").file)):
                pass


async def test_a_new_authority_and_a_new_certificate_of_nats_come_in_without_a_stop(
    tmp_path: Path, authority: Authority
) -> None:
    """The clients trust both authorities first; then the server's certificate changes; then the old one goes."""
    other = Authority(tmp_path, "other")
    files = authority.give()
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(authority.text(), encoding="ascii")
    credential = NatsCredential(ca_file=trusted)
    received = 0

    async def hear(_: object) -> None:
        nonlocal received
        received += 1

    with nats_server(tmp_path, tls_config(files, authority.file, verify=False)) as server:
        async with watched(server, credential) as client:
            await client.subscribe("town.news", cb=hear)
            async with steady(client, "town.news") as sent:
                before = client.stats["reconnects"]
                trusted.write_text(authority.text() + other.text(), encoding="ascii")
                await wait_until(lambda: client.stats["reconnects"] > before, what="connected anew, trusting both")
                other.give()
                os.kill(server.pid, signal.SIGHUP)

                async def shows_it() -> bool:
                    return await asyncio.to_thread(_issuer, server) == other.text()

                await wait_until(shows_it, ANSWER_S, what="the server shows its new certificate")
                before = client.stats["reconnects"]
                trusted.write_text(other.text(), encoding="ascii")
                await wait_until(
                    lambda: client.stats["reconnects"] > before and client.is_connected,
                    what="the old one is not trusted",
                )
                count = len(sent)
                await wait_until(lambda: len(sent) > count + 5, what="the load goes on")
            await wait_until(lambda: received > 5, what="what was sent is heard")


def _issuer(server: NatsServer) -> str:
    """Which authority's certificate goes with what the server shows, as `s_client` would say."""
    folder = server.folder.parent
    for name in ("authority", "other"):
        context = ssl.create_default_context(cafile=folder / f"{name}.pem")
        try:
            with socket.create_connection(("127.0.0.1", server.port), LOOK_S) as plain:
                plain.recv(4096)  # The server's first line, in clear.
                with context.wrap_socket(plain, server_hostname="127.0.0.1"):
                    return (folder / f"{name}.pem").read_text(encoding="ascii")
        except OSError:  # ssl.SSLError is one, and whoever handshakes too slowly is cut off.
            continue
    return ""


async def test_a_services_nkey_is_replaced_without_a_stop(tmp_path: Path) -> None:
    """The server knows both; the service takes the new one by itself; then the old one ends."""
    seed_file = tmp_path / "service.nk"
    old, new = new_seed(), new_seed()
    seed_file.write_text(old, encoding="utf-8")
    users = tmp_path / "users.conf"
    _know(users, old)
    credential = NatsCredential("routing", seed_file)
    with nats_server(tmp_path, 'include "../users.conf"') as server:
        async with watched(server, credential) as client, steady(client, "town.news") as sent:
            _know(users, old, new)
            os.kill(server.pid, signal.SIGHUP)
            await wait_until(lambda: _signs_in(server, new), what="the server knows both")
            before = client.stats["reconnects"]
            seed_file.write_text(new, encoding="utf-8")
            await wait_until(lambda: client.stats["reconnects"] > before, what="connected anew")
            _know(users, new)
            os.kill(server.pid, signal.SIGHUP)

            async def old_is_out() -> bool:
                return not await _signs_in(server, old)

            await wait_until(old_is_out, what="the old key opens nothing")
            count = len(sent)
            await wait_until(lambda: len(sent) > count + 5 and client.is_connected, what="the load goes on")


async def test_a_service_whose_key_is_taken_away_ends_and_says_so(tmp_path: Path) -> None:
    """Going on without a connection it would look alive."""
    seed_file = tmp_path / "service.nk"
    old = new_seed()
    seed_file.write_text(old, encoding="utf-8")
    _know(tmp_path / "users.conf", old, new_seed())
    with nats_server(tmp_path, 'include "../users.conf"') as server:
        client = await connected(server, credential := NatsCredential("routing", seed_file))
        watching = asyncio.create_task(
            CredentialWatch(credential, client, look_every_s=LOOK_EVERY_S).run(asyncio.Event())
        )
        _know(tmp_path / "users.conf", new_seed())
        os.kill(server.pid, signal.SIGHUP)
        with pytest.raises(CredentialError, match="lets us in no more"):
            await asyncio.wait_for(watching, ANSWER_S)


def _know(file: Path, *seeds: str) -> None:
    listed = ", ".join(f'{{nkey: "{public_key_of(each)}"}}' for each in seeds)
    file.write_text(f"authorization {{ users: [{listed}] }}\n", encoding="utf-8")


async def _signs_in(server: NatsServer, seed: str) -> bool:
    file = server.folder.parent / f"{public_key_of(seed)}.nk"
    file.write_text(seed, encoding="utf-8")
    try:
        client = await connected(server, NatsCredential("x", file))
    except (nats_client.errors.Error, ConnectionError):
        return False
    await client.close()
    return True


@asynccontextmanager
async def watched(server: NatsServer, credential: NatsCredential) -> AsyncIterator[Client]:
    """A service's connection, with its watch."""

    async def hear(_: Exception) -> None:
        return

    client = await nats_client.connect(
        server.url, error_cb=hear, max_reconnect_attempts=-1, reconnect_time_wait=0.05, **credential.options()
    )
    credential.follow(client)
    stop = asyncio.Event()
    watching = asyncio.create_task(CredentialWatch(credential, client, look_every_s=LOOK_EVERY_S).run(stop))
    try:
        yield client
        assert not watching.done() or watching.result() is None
    finally:
        stop.set()
        await watching
        await client.close()


@asynccontextmanager
async def steady(client: Client, subject: str) -> AsyncIterator[list[int]]:
    """A small load meanwhile: what the server has taken, by its own word."""
    sent: list[int] = []
    # Told rather than cancelled: Python 3.11's `wait_for`, in a flush that is answered just then, swallows that.
    stop = asyncio.Event()

    async def load() -> None:
        number = 0
        while not stop.is_set():
            await client.publish(subject, b"%d" % number)
            try:
                await client.flush(2)
            except (nats_client.errors.Error, TimeoutError, OSError):
                continue  # Between two connections: the same again.
            sent.append(number)
            number += 1
            await asyncio.sleep(0.01)

    loading = asyncio.create_task(load())
    try:
        yield sent
        assert not loading.done(), loading
    finally:
        stop.set()
        await asyncio.wait([loading])
