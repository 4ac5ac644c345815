"""`clic publisher add`, `remove`, `clic subscriber` and what goes with them, tried on a server that goes on running."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from tests.place import TOWN_DIR
from typer.testing import CliRunner, Result

from clic.admission import INCLUDED, admit
from clic.commands import app
from clic.connection import Installation
from clic.folder import Folder
from clic.nats_config import DOMAIN, OPS, inbox_prefix, publisher_user, subscriber_user, users
from clic.servers import move_streams
from clic_chassis.embedded import NatsServer, start_nats
from clic_chassis.embedded.nats import nats_binary
from clic_chassis.migration import migrate
from clic_chassis.nats_credential import NatsCredential, public_key_of
from clic_chassis.streams import ensure_streams
from clic_chassis.testing import open_folder, wait_until
from clic_contracts.subject import FEED_STREAM, INBOX_STREAM, LOG_STREAM
from clic_intake.publisher_admission import Quotas, read_admission
from clic_intake.publisher_key import PublisherKeys

RUNNER = CliRunner()
PORTAL = publisher_user("portail_web")
SUBJECT = "clic.inbox.portail_web.submission.request.v1"


@dataclass
class Place:
    """An installation's folder with its NATS server, as `clic up` leaves them."""

    folder: Folder
    server: NatsServer

    def credential(self, user: str, seed: str | None = None) -> NatsCredential:
        """A user's, by the folder's seed or by one that a command printed."""
        if seed is None:
            return NatsCredential(user, self.folder.seed_file(user))
        file = self.folder.path / f"{public_key_of(seed)}.nk"
        file.write_text(seed, encoding="utf-8")
        return NatsCredential(user, file)

    @asynccontextmanager
    async def connected(self, credential: NatsCredential) -> AsyncIterator[Client]:
        """A client, which does not come back by itself."""

        async def hear(_: Exception) -> None:
            return

        client = Client()
        try:  # Whoever is not let in leaves a connection, too.
            await client.connect(
                self.server.url, allow_reconnect=False, connect_timeout=30, error_cb=hear, **credential.options()
            )
            yield client
        finally:
            await client.close()

    async def lets_in(self, credential: NatsCredential) -> bool:
        """Whether the server takes the credential now."""
        try:
            async with self.connected(credential):
                return True
        except NatsError:
            return False

    async def publishes(self, credential: NatsCredential, code: str) -> bool:
        """Whether a submission of a publisher is taken."""
        async with self.connected(credential) as client:
            taken = await client.jetstream().publish(SUBJECT.replace("portail_web", code), b"{}", timeout=30)
            return taken.stream == INBOX_STREAM


@pytest.fixture
def place(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A town of whose publishers the portal alone is let in."""
    with open_folder() as path:
        folder = Folder(path)
        ports = folder.ports(("nats", "nats_monitoring"))
        admit(folder, users(["portail_web"]))
        server = start_nats(
            folder.of("nats"), port=ports["nats"], monitoring_port=ports["nats_monitoring"], extra_config=INCLUDED
        )
        seeds = {each.name: folder.seed_file(each.name) for each in users(["portail_web"])}
        folder.write("connection.json", Installation(nats_url=server.url, users=seeds).model_dump_json())
        here = Place(folder, server)

        async def prepared() -> None:
            async with here.connected(here.credential(OPS)) as ops:
                await ensure_streams(ops)
            connection = await asyncpg.connect(postgres_url)
            await migrate(connection, "clic_intake")
            await connection.close()

        asyncio.run(prepared())
        monkeypatch.setenv("CLIC_DIR", str(path))
        monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
        monkeypatch.setenv("CLIC_POSTGRES_URL", postgres_url)
        monkeypatch.setenv("COLUMNS", "80")
        yield here
        server.stop()


def clic(*arguments: str) -> Result:
    """A command, beside whatever loop runs."""
    return RUNNER.invoke(app, list(arguments))


async def clic_beside(*arguments: str) -> Result:
    """A command while a loop of ours runs."""
    return await asyncio.to_thread(clic, *arguments)


def test_a_publisher_is_let_in_by_one_command_and_the_server_goes_on(place: Place) -> None:
    """Key, permissions and quota; the seed is shown once and stays with the publisher."""
    pid = place.server.pid
    added = clic("publisher", "add", "telephonie", "--messages-per-minute", "30", "--pending", "50")
    seed = added.stdout.strip()

    assert (added.exit_code, seed[:2], "never again" in added.stderr) == (0, "SU", True), added.output
    assert asyncio.run(place.publishes(place.credential(publisher_user("telephonie"), seed), "telephonie"))
    assert (place.server.pid, place.server.running) == (pid, True)
    admitted = read_admission(place.folder.admission).publishers["telephonie"]
    assert (admitted.messages_per_minute, admitted.pending, admitted.nkeys) == (30, 50, (public_key_of(seed),))
    assert seed not in place.folder.admission.read_text(encoding="utf-8")
    listed = clic("publisher", "list").stdout
    assert "30/min" in listed
    assert all(key in listed for key in admitted.nkeys), "whole: `remove --nkey` wants it so"


def test_a_seed_goes_into_a_file_for_its_owner_alone_and_over_nobodys(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "portail.nk"
    added = clic("publisher", "add", "portail_web", "--seed-file", str(file))
    again = clic("publisher", "add", "portail_web", "--seed-file", str(file))

    assert (added.exit_code, added.stdout, file.stat().st_mode & 0o777) == (0, "", 0o600)
    assert asyncio.run(place.lets_in(NatsCredential(PORTAL, file)))
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert len(read_admission(place.folder.admission).publishers["portail_web"].nkeys) == 2


async def test_who_is_shown_out_is_cut_off_at_once_on_nats_and_on_http(place: Place, postgres_url: str) -> None:
    """No later than the command's end: a connection that stood is closed, and no key opens another."""
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        made = await clic_beside("publisher", "key", "add", "portail_web")
        key = made.stdout.split()[0]
        assert made.stderr.split()[1].rstrip(";") in (await clic_beside("publisher", "key", "list")).stdout
        assert await PublisherKeys(pool).publisher_of(key) == "portail_web"
        async with place.connected(place.credential(PORTAL)) as client:
            await client.jetstream().publish(SUBJECT, b"{}")
            credential = place.credential(PORTAL)
            seed = credential.seed() or ""
            removed = await clic_beside("publisher", "remove", "portail_web")
            assert removed.exit_code == 0, removed.output
            await wait_until(lambda: client.is_closed, what="the connection is closed by the server")
        assert "1 keys of NATS and 1 of HTTP ended" in removed.stdout
        doctor = await clic_beside("doctor", "--only", "secrets", "--json")
        assert PORTAL not in doctor.stdout, "who was shown out has no seed that could be missing"
        assert not await place.lets_in(place.credential(PORTAL, seed))
        assert await PublisherKeys(pool).publisher_of(key) is None


async def test_a_publishers_key_is_replaced_while_it_publishes(place: Place) -> None:
    """A second key beside the first, then the first ends: every submission is taken once."""
    taken = 0
    old_key = read_admission(place.folder.admission).publishers["portail_web"].nkeys[0]
    async with place.connected(place.credential(PORTAL)) as old:
        for number in range(20):
            await old.jetstream().publish(SUBJECT, b"%d" % number)
            taken += 1
        added = await clic_beside("publisher", "add", "portail_web")
        async with place.connected(place.credential(PORTAL, added.stdout.strip())) as new:
            await old.jetstream().publish(SUBJECT, b"both are known")
            ended = await clic_beside("publisher", "remove", "portail_web", "--nkey", old_key)
            assert ended.exit_code == 0, ended.output
            for number in range(20):
                await new.jetstream().publish(SUBJECT, b"%d" % number)
                taken += 1
            await wait_until(lambda: old.is_closed, what="the old key's connection is closed")
    async with place.connected(place.credential(OPS)) as ops:
        assert (await ops.jetstream().stream_info(INBOX_STREAM)).state.messages == taken + 1


async def test_a_subscriber_is_let_in_hears_and_is_shown_out(place: Place) -> None:
    user = subscriber_user("tableau_bord")
    added = await clic_beside("subscriber", "add", "tableau_bord", "--only", "closed")
    assert added.exit_code == 0, added.output
    credential = place.credential(user, added.stdout.strip())
    async with place.connected(place.credential("intake")) as intake:
        await intake.publish("clic.feed.received.a", b"{}")
        await intake.publish("clic.feed.closed.a", b"{}")
        await intake.flush()
    async with place.connected(credential) as client:
        waiting = await client.jetstream(domain=DOMAIN).pull_subscribe_bind(stream=FEED_STREAM, consumer=user)
        [message] = await waiting.fetch(5, timeout=30)
        await message.ack_sync(timeout=30)
        assert message.subject == "clic.feed.closed.a"
        assert "tableau_bord" in (await clic_beside("subscriber", "list")).stdout
        removed = await clic_beside("subscriber", "remove", "tableau_bord")
        assert removed.exit_code == 0, removed.output
        await wait_until(lambda: client.is_closed, what="the connection is closed by the server")
    assert not await place.lets_in(credential)
    async with place.connected(place.credential(OPS)) as ops:
        assert await ops.jetstream().consumers_info(FEED_STREAM) == []


async def test_a_service_s_key_is_replaced_beside_the_one_in_use(place: Place, tmp_path: Path) -> None:
    """The last one of a service never ends: nobody would be left to serve."""
    [old_key] = read_admission(place.folder.admission).services["routing"]
    refused = await clic_beside("nkey-end", "routing", old_key)
    made = await clic_beside("nkey", str(tmp_path / "routing.nk"), "--user", "routing")
    both = [place.credential("routing"), NatsCredential("routing", tmp_path / "routing.nk")]
    before = [await place.lets_in(each) for each in both]
    ended = await clic_beside("nkey-end", "routing", old_key)

    assert (refused.exit_code, "only key of routing" in refused.stderr) == (1, True)
    assert (made.exit_code, ended.exit_code, before) == (0, 0, [True, True]), ended.output
    assert [await place.lets_in(each) for each in both] == [False, True]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["publisher", "add", "inconnu"], "the town has no publisher 'inconnu'"),
        (["publisher", "remove", "inconnu"], "no publisher 'inconnu' was let in"),
        (["publisher", "quota", "courriel"], "no publisher 'courriel' was let in"),
        (["publisher", "remove", "portail_web", "--nkey", "UAB"], "UAB is no key of it"),
        (["publisher", "add", "portail_web", "--pending", "0"], "pending: Input should be greater"),
        (["publisher", "add", "portail_web", "--nkey", "SUAB"], "nkeys.1: String should match"),
        (["subscriber", "add", "Tableau"], "is no code"),
        (["subscriber", "remove", "tableau"], "no subscriber 'tableau' was let in"),
        (["nkey", "/dev/null/x", "--user", "voisin"], "no user 'voisin' of ours"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_changed(place: Place, command: list[str], said: str) -> None:
    before = place.folder.admission.read_bytes()
    answer = clic(*command)
    assert (answer.exit_code, said in answer.stderr) == (1, True), answer.output
    assert place.folder.admission.read_bytes() == before


def test_elsewhere_the_file_is_written_and_the_servers_users_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Kubernetes: no server here, and a configuration that the server itself finds valid."""
    file = tmp_path / "admission.json"
    monkeypatch.setenv("CLIC_ADMISSION_FILE", str(file))
    monkeypatch.setenv("CLIC_TOWN_DIR", str(TOWN_DIR))
    for user in (each.name for each in users(())):
        made = clic("nkey", str(tmp_path / f"{user}.nk"), "--user", user)
        assert (made.exit_code, made.stdout[:1]) == (0, "U"), made.output
    added = clic("publisher", "add", "telephonie", "--seed-file", str(tmp_path / "telephonie.nk"))
    printed = clic("nats-users", "--publishers", str(file))
    config = tmp_path / "nats.conf"
    config.write_text(f'jetstream {{ store_dir: "{tmp_path}/js" }}\n{printed.stdout}', encoding="utf-8")

    assert (added.exit_code, printed.exit_code) == (0, 0), printed.output
    assert f"nats-users --publishers {file}" in added.stderr
    assert subprocess.run([nats_binary(), "-t", "-c", config], check=False, capture_output=True).returncode == 0
    assert '"SU' not in printed.stdout
    assert inbox_prefix(publisher_user("telephonie")) in printed.stdout


def test_users_are_not_printed_while_one_of_ours_has_no_key(tmp_path: Path) -> None:
    """A server that took them would let no service in."""
    file = tmp_path / "admission.json"
    file.write_text('{"services": {"ops": []}}', encoding="utf-8")
    answer = clic("nats-users", "--publishers", str(file))
    assert (answer.exit_code, answer.stdout, "has no key of ops, intake" in answer.stderr) == (1, "", True)


def test_intake_takes_a_changed_quota_and_keeps_it_while_the_file_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "admission.json"
    quotas = Quotas(file)
    usual = quotas.of("telephonie")
    file.write_text('{"publishers": {"telephonie": {"pending": 7}}}', encoding="utf-8")
    changed = quotas.of("telephonie")
    file.write_text("{", encoding="utf-8")

    assert (changed.pending, changed.messages_per_minute) == (7, usual.messages_per_minute)
    assert quotas.of("telephonie") == changed
    assert Quotas(None).of("telephonie") == usual


async def test_the_log_of_a_server_without_accounts_is_the_log_of_one_with_them() -> None:
    """As versions before this one left it: nothing that was recorded is lost by the upgrade."""
    with open_folder() as path:
        folder = Folder(path)
        older = start_nats(folder.of("nats"))
        client = Client()
        await client.connect(older.url)
        await ensure_streams(client)
        await client.jetstream().publish("clic.log.intake.a", b"recorded")
        await client.close()
        older.stop()
        move_streams(folder)
        admit(folder, users([]))
        newer = start_nats(folder.of("nats"), extra_config=INCLUDED)
        try:
            async with Place(folder, newer).connected(NatsCredential(OPS, folder.seed_file(OPS))) as ops:
                assert (await ops.jetstream().get_msg(LOG_STREAM, seq=1)).data == b"recorded"
        finally:
            newer.stop()
