"""Each check of the doctor on real servers: well where all is well, and a fault that was planted is found."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import nats as nats_client
import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from nats.js.api import AckPolicy, ConsumerConfig
from tests.embedded.credential import credentials_of, public_keys
from tests.place import TOWN_DIR
from typer.testing import CliRunner

from clic.commands import app
from clic.connection import Connection
from clic.doctor import on_machine, on_nats, on_postgres, on_services
from clic.doctor.command import CHECKS, examine
from clic.doctor.finding import Finding, Severity
from clic.doctor.place import Place
from clic.nats_config import DURABLES, OPS, SERVICES, NatsUser, authorization, users
from clic.scrape import Sample, Told
from clic_chassis.embedded import NatsCluster, NatsServer, free_port, start_nats
from clic_chassis.migration import migrate
from clic_chassis.nats_credential import NatsCredential
from clic_chassis.quarantine import Entry, Quarantine
from clic_chassis.streams import ensure_streams, remove_streams
from clic_chassis.testing import MonitoredServer, Server, open_folder, wait_until
from clic_chassis.town_file import read_town
from clic_contracts.subject import FEED_STREAM, LOG_STREAM, log_subject
from clic_contracts.vocabulary import Service
from clic_intake.personal.keys import open_keys
from clic_intake.register import Register
from clic_intake.seal import MasterKey

NOW = dt.datetime.now(dt.UTC)
REQUEST = "0b1e1a54-0000-5000-8000-000000000001"


def a_place(**changes: Any) -> Place:
    """A place of which nothing is known but what is said."""
    return Place(**({"now": NOW, "ops": None} | changes))


def told(service: str = "intake", *, why: Mapping[str, str] | None = None, **samples: float) -> Told:
    """A service that answered, with these values of metrics without labels."""
    return Told(
        service=service,
        url="http://127.0.0.1:1",
        answers=True,
        ready=why is None,
        why=why or {},
        samples=tuple(Sample(name, {}, value) for name, value in samples.items()),
    )


def labelled(service: str, *samples: tuple[str, Mapping[str, str], float]) -> Told:
    """The same with labels."""
    return replace(told(service), samples=tuple(Sample(*each) for each in samples))


def said(findings: list[Finding], severity: Severity) -> str:
    """What was found of one severity."""
    return "; ".join(each.what for each in findings if each.severity is severity)


def wrong(findings: list[Finding]) -> str:
    """What is wrong; each says why it matters and what to do."""
    assert all(each.why and each.mend for each in findings if each.severity in (Severity.WRONG, Severity.WARNING))
    return said(findings, Severity.WRONG)


def all_well(findings: list[Finding]) -> bool:
    """Whether nothing but well was found."""
    return bool(findings) and {each.severity for each in findings} == {Severity.WELL}


# -- NATS ----------------------------------------------------------------------------------------------------------


class Guarded(NamedTuple):
    """A server that knows the services' users, one of whom was given too much."""

    server: NatsServer
    credentials: Mapping[str, NatsCredential]

    def place(self, *services: str) -> Place:
        """Examined with these services' keys at hand."""
        users_of = {each: Connection(self.server.url, self.credentials[each]) for each in services}
        ops = Connection(self.server.url, self.credentials[OPS])
        return a_place(ops=ops, users=users_of, monitoring_url=self.server.monitoring_url)


def too_much(user: NatsUser) -> NatsUser:
    """The planted fault: routing may write deadlines' part, and deadlines may not write its own."""
    match user.name:
        case "routing":
            return replace(user, publish=(*user.publish, "clic.log.deadlines.*"))
        case "deadlines":
            return replace(user, deny_publish=(*user.deny_publish, "clic.log.deadlines.*"))
        case _:
            return user


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    """A NATS server of ours with users, streams, and the planted permissions."""
    with open_folder() as folder:
        everybody = [too_much(each) for each in users(("portail_web",))]
        credentials = credentials_of(folder, everybody)
        server = start_nats(folder / "nats", extra_config=authorization(everybody, public_keys(credentials)))

        async def make() -> None:
            client = await nats_client.connect(server.url, **credentials[OPS].options())
            await ensure_streams(client)
            await client.close()

        asyncio.run(make())
        yield Guarded(server, credentials)
        server.stop()


async def test_a_server_that_answers_syncs_and_has_room_is_well(guarded: Guarded) -> None:
    place = guarded.place()
    for check in (on_nats.reachable, on_nats.synced, on_nats.storage, on_nats.streams, on_nats.quarantine):
        assert all_well(await check(place)), check.__name__


async def test_a_server_that_is_away_or_does_not_know_us_is_found(guarded: Guarded, tmp_path: Path) -> None:
    away = Connection(f"nats://127.0.0.1:{free_port()}")
    assert "does not answer" in wrong(await on_nats.reachable(a_place(ops=away)))
    stranger = credentials_of(tmp_path, users(()))[OPS]
    refused = await on_nats.reachable(a_place(ops=Connection(guarded.server.url, stranger)))
    assert "Authorization" in wrong(refused)
    url = f"http://127.0.0.1:{free_port()}"
    assert "does not answer" in wrong(await on_nats.synced(a_place(monitoring_url=url)))


async def test_an_old_server_is_found(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no old server here: what is newer than any is planted instead."""
    monkeypatch.setattr(on_nats, "OLDEST_VERSION", (99, 0))
    assert "NATS is 2." in wrong(await on_nats.reachable(guarded.place()))


class Loose(NatsServer):
    """A server as somebody's own configuration might have it."""

    def config(self) -> str:
        """Without the sync, and with room for little."""
        return super().config().replace("sync_interval: always", "sync_interval: 2m").replace("256GB", "1MB")


@pytest.fixture
def loose() -> Iterator[Loose]:
    """A server that does not sync, has one megabyte, and asks nobody who they are."""
    with open_folder() as folder:
        server = Loose(folder, "loose", free_port(), free_port())
        server.start()
        yield server
        server.stop()


async def test_a_server_that_does_not_sync_is_full_and_lets_anybody_in_is_found(loose: Loose) -> None:
    place = a_place(ops=Connection(loose.url), monitoring_url=loose.monitoring_url)
    assert wrong(await on_nats.synced(place)) == "loose acknowledges before it has written to disk"
    assert "lets in whoever" in wrong(await on_nats.permissions(place))
    client = await nats_client.connect(loose.url)
    stream = client.jetstream()
    await stream.add_stream(name="FULL", subjects=["full"])
    for _ in range(24):
        await stream.publish("full", b"x" * 40_000)
    await client.close()

    async def fills() -> str:
        findings = await on_nats.storage(a_place(monitoring_url=loose.monitoring_url))
        return wrong(findings) or said(findings, Severity.WARNING)

    assert "JetStream on loose uses 9" in await wait_until(fills, what="the server counts what it stores")


async def test_a_stream_that_is_gone_or_differs_is_found(guarded: Guarded) -> None:
    client = await nats_client.connect(guarded.server.url, **guarded.credentials[OPS].options())
    try:
        stream = client.jetstream()
        config = (await stream.stream_info(FEED_STREAM)).config
        await stream.update_stream(replace_config(config, max_age=600.0))
        assert f"the stream {FEED_STREAM} differs: max_age" in wrong(await on_nats.streams(guarded.place()))
        await stream.delete_stream(FEED_STREAM)
        assert f"the stream {FEED_STREAM} is not there" in wrong(await on_nats.streams(guarded.place()))
    finally:
        await ensure_streams(client)
        await client.close()
    assert all_well(await on_nats.streams(guarded.place()))


def replace_config(config: Any, **changes: Any) -> Any:
    """A stream's configuration with another value."""
    for name, value in changes.items():
        setattr(config, name, value)
    return config


async def test_streams_on_one_server_of_three_are_found(nats_cluster: NatsCluster) -> None:
    client = await nats_client.connect(nats_cluster.url.split(","))
    try:
        await remove_streams(client)
        await ensure_streams(client)
        place = a_place(
            ops=Connection(nats_cluster.url),
            monitoring_url=",".join(each.monitoring_url for each in nats_cluster.servers),
        )
        findings = await on_nats.streams(place)
        assert f"the stream {LOG_STREAM} stands on one server of 3" in wrong(findings)
        assert "`clic streams apply --replicas 3`" in {each.mend for each in findings}
        assert all_well(await on_nats.synced(place)), "every server is asked"
    finally:
        await remove_streams(client)
        await client.close()


async def test_consumers_that_are_missing_or_stand_still_are_found(guarded: Guarded) -> None:
    missing = wrong(await on_nats.consumers(guarded.place()))
    assert all(f"{durable} is not there" in missing for pairs in DURABLES.values() for _, durable in pairs)
    client = await nats_client.connect(guarded.server.url, **guarded.credentials[OPS].options())
    intake = await nats_client.connect(guarded.server.url, **guarded.credentials["intake"].options())
    try:
        for pairs in DURABLES.values():
            for stream, durable in pairs:
                config = ConsumerConfig(durable_name=durable, ack_policy=AckPolicy.EXPLICIT)
                await client.jetstream().add_consumer(stream, config)
        assert all_well(await on_nats.consumers(guarded.place()))
        await intake.jetstream().publish(log_subject(Service.INTAKE, REQUEST), b"[]")
        assert "routing stands still: 1 messages wait" in wrong(await on_nats.consumers(guarded.place()))
    finally:
        await intake.close()
        await client.close()


async def test_permissions_that_are_too_many_or_too_few_are_found_without_writing_anything(guarded: Guarded) -> None:
    client = await nats_client.connect(guarded.server.url, **guarded.credentials[OPS].options())
    before = (await client.jetstream().stream_info(LOG_STREAM)).state.last_seq
    found = wrong(await on_nats.permissions(guarded.place(*SERVICES)))
    assert found == ("routing may write deadlines's part of the log; deadlines may not write its own part of the log")
    assert all_well(await on_nats.permissions(guarded.place("intake", "reporting")))
    assert (await client.jetstream().stream_info(LOG_STREAM)).state.last_seq == before
    await client.close()


async def test_a_service_that_the_server_does_not_know_is_found(guarded: Guarded, tmp_path: Path) -> None:
    stranger = credentials_of(tmp_path, users(()))["intake"]
    place = replace(guarded.place(), users={"intake": Connection(guarded.server.url, stranger)})
    assert "intake is not let in" in wrong(await on_nats.permissions(place))


async def test_what_is_in_quarantine_is_found(guarded: Guarded) -> None:
    client = await nats_client.connect(guarded.server.url, **guarded.credentials["routing"].options())
    entry = Entry(
        service="routing", consumer="routing", stream=LOG_STREAM, sequence=1, subject="clic.log.intake.x", key="x",
        state="failed", reason="planted", tries=5, since=NOW, changed_at=NOW,
    )  # fmt: skip
    await Quarantine(client).put(entry)
    assert wrong(await on_nats.quarantine(guarded.place())) == "1 messages are in quarantine at routing"
    await Quarantine(client).put(entry.model_copy(update={"state": "resolved"}))
    assert all_well(await on_nats.quarantine(guarded.place()))
    await client.close()


# -- PostgreSQL ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_database_that_is_away_is_found(postgres_url: str) -> None:
    assert all_well(await on_postgres.reachable(a_place(databases={"intake": postgres_url})))
    away = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    assert "intake's database does not answer" in wrong(
        await on_postgres.reachable(a_place(databases={"intake": away}))
    )


async def test_a_database_that_may_lose_what_it_committed_or_is_too_old_is_found(
    own_postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = a_place(databases={"intake": own_postgres.url})
    async with connected(own_postgres.url) as connection:
        await connection.execute("ALTER SYSTEM SET synchronous_commit = 'off'")
        await connection.execute("SELECT pg_reload_conf()")

    async def found() -> bool:
        return wrong(await on_postgres.reachable(place)) == "synchronous_commit is off at intake's PostgreSQL"

    await wait_until(found, what="the server took its configuration")
    monkeypatch.setattr(on_postgres, "OLDEST_VERSION", 990_000)  # No old server is at hand.
    assert "intake's PostgreSQL is 1" in wrong(await on_postgres.reachable(place))


async def test_tables_that_lack_migrations_are_found(postgres_url: str) -> None:
    place = a_place(databases={"intake": postgres_url})
    assert "intake's tables lack 0001" in wrong(await on_postgres.migrations(place))
    async with connected(postgres_url) as connection:
        await migrate(connection, "clic_intake")
    assert all_well(await on_postgres.migrations(place))
    async with connected(postgres_url) as connection:
        await connection.execute("UPDATE migration SET digest = 'other' WHERE name LIKE '0001%'")
    assert "was changed after it was applied" in wrong(await on_postgres.migrations(place))


async def test_a_projection_of_another_log_or_another_meaning_is_found(
    postgres_url: str, nats_server: MonitoredServer, nats_url: str
) -> None:
    place = a_place(ops=Connection(nats_url), databases={"reporting": postgres_url})
    async with connected(postgres_url) as connection:
        await connection.execute(
            "CREATE SCHEMA reporting; CREATE TABLE reporting.checkpoint (projection text, sequence bigint, "
            "definition text, stream_created_at timestamptz)"
        )
        await connection.execute(
            "INSERT INTO reporting.checkpoint VALUES ('reporting', 7, 'an older one', '2020-01-01T00:00:00Z')"
        )
    found = wrong(await on_postgres.projections(place))
    assert "mean something else" in found
    assert "of another log, or of a longer one (it holds 7, the log ends at 0)" in found


async def test_a_key_that_is_gone_or_does_not_fit_is_found(postgres_url: str, tmp_path: Path) -> None:
    right, other = tmp_path / "master.key", tmp_path / "other.key"
    right.write_text("QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n", encoding="ascii")
    other.write_text("QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=\n", encoding="ascii")
    async with connected(postgres_url) as connection:
        await migrate(connection, "clic_intake")
    async with asyncpg.create_pool(postgres_url, min_size=1, max_size=2) as pool:
        master = MasterKey.read(right)
        await open_keys(pool, master, NOW)
        await Register(pool, master).check_master_key()
    place = a_place(databases={"intake": postgres_url}, master_key=right)
    assert all_well(await on_postgres.keys(place))
    assert "does not open what is sealed" in wrong(await on_postgres.keys(replace(place, master_key=other)))
    assert "cannot be used" in wrong(await on_postgres.keys(replace(place, master_key=tmp_path / "none")))


async def test_clocks_that_do_not_agree_are_found(postgres_url: str) -> None:
    """No other machine is here: one that answers with another time is planted."""
    place = a_place(databases={"intake": postgres_url})
    place._told = [replace(told(), said_at=NOW, asked_at=NOW)]
    assert all_well(await on_postgres.clock(place))
    place._told = [replace(told(), said_at=NOW - dt.timedelta(minutes=5), asked_at=NOW)]
    assert wrong(await on_postgres.clock(place)) == "the clock of intake is 300 s behind"
    place._told = [replace(told(), said_at=NOW + dt.timedelta(seconds=10), asked_at=NOW)]
    assert said(await on_postgres.clock(place), Severity.WARNING) == "the clock of intake is 10 s ahead"


# -- services ------------------------------------------------------------------------------------------------------


def telling(*services: Told, **changes: Any) -> Place:
    """A place whose services have answered."""
    place = a_place(**({"services": {each.service: each.url for each in services}} | changes))
    place._told = list(services)
    return place


async def test_a_service_that_is_not_there_or_not_ready_is_found() -> None:
    away = a_place(services={"routing": f"http://127.0.0.1:{free_port()}"})
    assert "routing does not answer" in wrong(await on_services.ready(away))
    waits = telling(told(why={"projector-desk": "not started"}))
    assert wrong(await on_services.ready(waits)) == "intake is not ready: projector-desk: not started"
    assert all_well(await on_services.ready(telling(told())))


def built(service: str, version: str, town: str) -> Told:
    """A service of a version, under rules of the town."""
    return labelled(service, ("clic_build_info", {"service": service, "version": version, "town": town}, 1))


async def test_versions_and_rules_that_differ_are_found() -> None:
    town = read_town(TOWN_DIR).version
    same = telling(built("intake", "0.1.0", town), built("routing", "0.1.0", town), town_dir=TOWN_DIR)
    assert all_well(await on_services.versions(same))
    assert all_well(await on_services.town(same))
    other = telling(built("intake", "0.1.0", town), built("routing", "0.2.0", "another"), town_dir=TOWN_DIR)
    assert "intake 0.1.0, routing 0.2.0" in said(await on_services.versions(other), Severity.WARNING)
    assert "services decide by different rules" in wrong(await on_services.town(other))
    older = telling(built("intake", "0.1.0", "another"), town_dir=TOWN_DIR)
    assert "the services decide by another" in said(await on_services.town(older), Severity.WARNING)


async def test_a_town_s_folder_with_an_error_is_found(tmp_path: Path) -> None:
    shutil.copytree(TOWN_DIR, tmp_path / "town")
    (tmp_path / "town" / "departments.yaml").write_text("departments: [", encoding="utf-8")
    assert "the town's folder cannot be used" in wrong(await on_services.town(a_place(town_dir=tmp_path / "town")))


async def test_letters_that_do_not_leave_are_found() -> None:
    leaving = telling(told(clic_letter_relay_set=1, clic_letter_oldest_seconds=5))
    assert all_well(await on_services.mail(leaving))
    stuck = telling(told(clic_letter_relay_set=1, clic_letter_oldest_seconds=7200))
    assert "has waited 2.0 h" in wrong(await on_services.mail(stuck))
    waiting = ("clic_letters", {"state": "waiting"}, 3.0)
    unset = telling(labelled("intake", ("clic_letter_relay_set", {}, 0), waiting))
    assert "no mail server is set, and 3 letters wait" in wrong(await on_services.mail(unset))
    doubtful = ("clic_letters", {"state": "doubtful"}, 1.0)
    in_doubt = telling(labelled("intake", ("clic_letter_relay_set", {}, 1), doubtful))
    assert "1 letters are in doubt" in said(await on_services.mail(in_doubt), Severity.WARNING)


# -- this machine --------------------------------------------------------------------------------------------------


async def test_a_mail_server_that_is_away_is_found() -> None:
    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        assert all_well(await on_machine.smtp(a_place(smtp_url=f"smtp://127.0.0.1:{controller.port}")))
    finally:
        controller.stop()
    assert "does not answer" in wrong(await on_machine.smtp(a_place(smtp_url=f"smtp://127.0.0.1:{free_port()}")))


async def test_a_secret_that_others_may_read_or_that_is_gone_is_found(tmp_path: Path) -> None:
    secret = tmp_path / "master.key"
    secret.touch(mode=0o600)
    assert all_well(await on_machine.secrets(a_place(secrets=[secret])))
    secret.chmod(0o644)
    assert f"{secret} can be read by others" in wrong(await on_machine.secrets(a_place(secrets=[secret])))
    assert "cannot be read" in wrong(await on_machine.secrets(a_place(secrets=[tmp_path / "none"])))


async def test_a_disk_without_room_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No disk is filled for this: what the system says of it is."""
    usage = type(shutil.disk_usage(tmp_path))
    for free, severity in ((50, Severity.WELL), (5, Severity.WARNING), (0.1, Severity.WRONG)):
        told_usage = usage(100 * 1024**3, 0, int(free * 1024**3))
        monkeypatch.setattr("shutil.disk_usage", lambda _, told_usage=told_usage: told_usage)
        [found] = await on_machine.disk(a_place(folder=tmp_path))
        assert found.severity is severity


async def test_a_certificate_that_ends_soon_is_found(tmp_path: Path) -> None:
    authority = trustme.CA()

    def lasting(days: float) -> Path:
        path = tmp_path / f"{days}.pem"
        authority.issue_cert("localhost", not_after=NOW + dt.timedelta(days=days)).cert_chain_pems[0].write_to_path(
            path
        )
        return path

    def place(days: float) -> Place:
        return a_place(certificates={"http": lasting(days)})

    assert all_well(await on_machine.certificates(place(90)))
    assert "the certificate http ends on" in said(await on_machine.certificates(place(10)), Severity.WARNING)
    assert "the certificate http ends on" in wrong(await on_machine.certificates(place(1)))
    assert "http ended on" in wrong(await on_machine.certificates(place(-1)))
    (tmp_path / "none.pem").write_text("no certificate", encoding="ascii")
    broken = a_place(certificates={"http": tmp_path / "none.pem"})
    assert "holds no certificate" in wrong(await on_machine.certificates(broken))
    at = (NOW + dt.timedelta(days=2)).timestamp()
    elsewhere = telling(labelled("intake", ("clic_certificate_expiry_timestamp_seconds", {"certificate": "http"}, at)))
    assert "http of intake ends on" in wrong(await on_machine.certificates(elsewhere))


async def test_backups_that_are_old_or_missing_are_found() -> None:
    hours = 3600.0

    def aged(log_hours: float, keys_hours: float) -> Place:
        ages = (("log", log_hours), ("keys", keys_hours))
        return telling(
            labelled("intake", *(("clic_backup_age_seconds", {"part": part}, age * hours) for part, age in ages))
        )

    assert all_well(await on_machine.backup(aged(3, 3)))
    assert "of the keys is 30 h old" in said(await on_machine.backup(aged(3, 30)), Severity.WARNING)
    assert "of the log is 80 h old" in wrong(await on_machine.backup(aged(80, 3)))
    never = telling(built("intake", "0.1.0", "x"))
    assert "no service knows of a backup" in said(await on_machine.backup(never), Severity.WARNING)


# -- the command ---------------------------------------------------------------------------------------------------


async def test_what_is_not_known_is_told_with_what_would_let_us_look() -> None:
    found = await examine(a_place())
    assert found.keys() == {each.name for each in CHECKS}
    for name, findings in found.items():
        assert {each.severity for each in findings} == {Severity.UNKNOWN}, name
        assert all(each.mend for each in findings), name


async def test_one_check_that_cannot_be_done_is_no_reason_to_leave_out_the_others(tmp_path: Path) -> None:
    away = a_place(
        ops=Connection(f"nats://127.0.0.1:{free_port()}"), databases={"intake": "postgresql://127.0.0.1:1/x"}
    )
    secret = tmp_path / "agent.token"
    secret.touch(mode=0o644)
    found = await examine(replace(away, secrets=[secret]), [each for each in CHECKS if each.name != "permissions"])
    assert wrong(found["nats"])
    assert wrong(found["postgres"])
    assert said(found["streams"], Severity.UNKNOWN).startswith("whether the streams are as this version makes them")
    assert said(found["migrations"], Severity.UNKNOWN)
    assert wrong(found["secrets"])


def command(environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """`clic doctor`, its exit code and what it says."""
    result = CliRunner().invoke(app, ["doctor", *arguments], env={**environment, "COLUMNS": "80"})
    return result.exit_code, result.output


def test_it_finds_a_cluster_by_the_environment_and_its_exit_code_says_whether_something_is_wrong(
    guarded: Guarded,
) -> None:
    environment = {
        "CLIC_NATS_URL": guarded.server.url,
        "CLIC_NATS_USER": OPS,
        "CLIC_NATS_NKEY_SEED_FILE": str(guarded.credentials[OPS].seed_file),
        "CLIC_NATS_MONITORING_URL": guarded.server.monitoring_url,
    }
    code, text = command(environment, "--only", "sync", "--only", "streams", "--all")
    assert code == 0, text
    assert "✓ sync" in text
    code, text = command(environment, "--only", "services", "--service", f"intake=http://127.0.0.1:{free_port()}")
    assert code == 1
    assert "✗ services" in text
    assert "why" in text
    assert "mend" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    code, text = command(environment, "--only", "sync", "--json")
    assert json.loads(text)["sync"][0]["severity"] == "well"
    assert command(environment, "--only", "health")[0] == 1, "there is no such check"
    assert command(environment, "--service", "nobody=http://x")[0] == 1, "there is no such service"


CHECKED: dict[str, Callable[..., object]] = {each.name: each.look for each in CHECKS}


def test_each_check_has_a_fault_planted_here_or_on_a_house_that_runs() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    unplanted = [
        name for name, look in CHECKED.items() if f"{look.__module__.rpartition('.')[2]}.{look.__name__}(" not in text
    ]
    assert unplanted == []
