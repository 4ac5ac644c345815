"""PostgreSQL: that it answers, keeps what it commits, has this version's tables, and that the keys fit the seals."""

from __future__ import annotations

import datetime as dt

import asyncpg
from nats.errors import Error as NatsError

from clic.nats_config import SERVICES
from clic_chassis.error import ClicError
from clic_chassis.jetstream_log import JetStreamLog
from clic_chassis.migration import MigrationError, missing_migrations
from clic_chassis.nats_credential import CredentialError
from clic_chassis.postgres_credential import open_pool
from clic_intake.personal.keys import verify
from clic_intake.register import Register
from clic_intake.seal import MasterKey
from clic_reporting.projection import is_defined_anew

from .finding import Finding, told_by, unknown, warning, well, wrong
from .place import Place

OLDEST_VERSION = 160_000
NAME = "set CLIC_DIR to the folder of `clic up`, or name it: --database SERVICE=postgresql://…"
MIGRATED = ("intake", "deadlines")
"""Services whose tables are made by migrations; the others' are projections, made by themselves."""
KEYS_MAX = 2_000
KEEPING = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": ("on", "remote_write", "remote_apply", "local"),
}
PROJECTIONS = {"reporting": "reporting", "docket": "deadlines", "desk": "intake"}
"""Service by the schema of a projection."""


async def reachable(place: Place) -> list[Finding]:
    """Whether each service's database answers, is new enough, and keeps what it commits."""
    if not place.databases:
        return [unknown("where the databases are", NAME)]
    findings: list[Finding] = []
    for service in place.databases:
        try:
            async with place.database(service) as connection:
                findings += await _of_server(service, connection)
        except (CredentialError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            findings.append(
                wrong(
                    f"{service}'s database does not answer: {told_by(error)}",
                    f"{service} is not ready; nothing is lost, since the log is the record"
                    if service in SERVICES
                    else "its readers see nothing; nothing is lost",
                    "start PostgreSQL (`clic up`; in a cluster, see its operator), or mend CLIC_POSTGRES_URL",
                )
            )
    return findings or [well(f"the databases of {', '.join(place.databases)} answer")]


async def _of_server(service: str, connection: asyncpg.Connection) -> list[Finding]:
    version = int(await connection.fetchval("SHOW server_version_num"))
    findings: list[Finding] = []
    if version < OLDEST_VERSION:
        mend = "upgrade PostgreSQL to 16 or newer"
        findings.append(wrong(f"{service}'s PostgreSQL is {version // 10_000}", "CLIC is tried on 16 and 18", mend))
    for name, must in KEEPING.items():
        value = await connection.fetchval(f"SHOW {name}")
        if value not in (must if isinstance(must, tuple) else (must,)):
            findings.append(
                wrong(
                    f"{name} is {value} at {service}'s PostgreSQL",
                    "a power cut may lose committed rows: at intake the keys of requests, which no log brings back",
                    f"ALTER SYSTEM SET {name} = 'on', and reload or restart it",
                )
            )
    return findings


async def migrations(place: Place) -> list[Finding]:
    """Whether the tables are those of this version, or of a newer one."""
    findings: list[Finding] = []
    for service in MIGRATED:
        if service not in place.databases:
            continue
        command = f"`python -m clic_{service} migrate`"
        async with place.database(service) as connection:
            try:
                missing = await missing_migrations(connection, f"clic_{service}")
            except MigrationError as error:
                findings.append(wrong(f"{service}: {error}", f"{service} does not start", "run the version that fits"))
                continue
        if missing:
            findings.append(
                wrong(
                    f"{service}'s tables lack {', '.join(missing)}",
                    f"{service} waits for them and is not ready",
                    f"run {command}, or start {service} with CLIC_MIGRATE_AT_START=true",
                )
            )
    return findings or ([well("the tables are this version's")] if place.databases else [unknown("the tables", NAME)])


async def projections(place: Place) -> list[Finding]:
    """Whether reporting's tables mean what this version means, and all projections are of this log."""
    findings: list[Finding] = []
    if "reporting" in place.databases:
        async with place.database("reporting") as connection:
            if await is_defined_anew(connection):
                findings.append(
                    wrong(
                        "reporting's tables mean something else than in this version",
                        "reporting waits, and its figures stand still",
                        "`clic rebuild` makes them again from the log; readers notice nothing",
                    )
                )
    for schema, service in PROJECTIONS.items():
        if service in place.databases:
            findings += await _of_this_log(place, schema, service)
    return findings or ([well("projections are of this log")] if place.databases else [unknown("projections", NAME)])


async def _of_this_log(place: Place, schema: str, service: str) -> list[Finding]:
    async with place.database(service) as connection:
        if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.checkpoint"):
            return []  # It makes its tables at its first start.
        sql = f"SELECT sequence, stream_created_at FROM {schema}.checkpoint"  # noqa: S608 - our names
        rows = await connection.fetch(sql)
    try:
        async with place.nats() as client:
            identity = await JetStreamLog(client).identity()
    except (ClicError, NatsError, OSError):
        return []  # That NATS is away is found by itself.
    why = "it refuses to go on: what it holds is not in the log"
    return [
        wrong(
            f"the projection {schema} is of another log, or of a longer one (it holds {row['sequence']}, "
            f"the log ends at {identity.last_sequence})",
            why,
            "if the log was restored, that is so: `clic rebuild` for reporting; the others drop their schema and make "
            "it anew. If it was not, facts were lost: stop, and look at the NATS servers before anything else",
        )
        for row in rows
        if row["stream_created_at"] != identity.created_at or row["sequence"] > identity.last_sequence
    ]


async def keys(place: Place) -> list[Finding]:
    """Whether the deployment's key is there and opens what is sealed."""
    if place.master_key is None:
        return [unknown("the deployment's key", "set CLIC_MASTER_KEY_FILE where it can be read")]
    try:
        master = MasterKey.read(place.master_key)
    except ClicError as error:
        return [
            wrong(
                f"the deployment's key cannot be used: {error}",
                "without it nobody can read what citizens wrote, ever",
                "restore it from the keys' backup; never make a new one over sealed data",
            )
        ]
    if "intake" not in place.databases:
        return [unknown("whether the key fits what is sealed", NAME)]
    async with await open_pool(place.databases["intake"], min_size=1, max_size=2) as pool:
        try:
            await Register(pool, master).check_master_key()
            looked_at = await verify(pool, master, at_most=KEYS_MAX)
        except asyncpg.UndefinedTableError:
            return [unknown("whether the key fits what is sealed", "start intake once: its tables are not made yet")]
        except ClicError as error:
            return [
                wrong(
                    f"the deployment's key does not open what is sealed: {error}",
                    "agents see that something was written, and not what",
                    f"put the key that wrapped them back into {place.master_key}, on a line of its own",
                )
            ]
    return [well(f"the deployment's key opens what is sealed ({looked_at} keys tried)")]


async def clock(place: Place) -> list[Finding]:
    """Whether PostgreSQL's machine has our time."""
    findings: list[Finding] = []
    for service in place.databases:
        before = dt.datetime.now(dt.UTC)
        async with place.database(service) as connection:
            asked = dt.datetime.now(dt.UTC)
            theirs = await connection.fetchval("SELECT clock_timestamp()")
        findings += skewed(f"{service}'s PostgreSQL", theirs, asked, max((asked - before).total_seconds(), 0.1))
    for told in await place.told():
        if told.said_at is not None and told.asked_at is not None:
            findings += skewed(told.service, told.said_at, told.asked_at, 1.0)  # HTTP tells whole seconds.
    known = place.databases or place.services
    return findings or ([well("clocks agree")] if known else [unknown("other machines' clocks", NAME)])


SKEW_MAX_S, SKEW_WRONG_S = 2.0, 60.0


def skewed(whose: str, theirs: dt.datetime, ours: dt.datetime, blur_s: float) -> list[Finding]:
    """What two clocks that do not agree are worth."""
    apart_s = (theirs - ours).total_seconds()
    if abs(apart_s) <= SKEW_MAX_S + blur_s:
        return []
    told = f"the clock of {whose} is {abs(apart_s):.0f} s {'ahead' if apart_s > 0 else 'behind'}"
    why = "limits are reckoned by it: what was in time may be called late, and the reverse"
    mend = "let chrony or systemd-timesyncd keep the time on every machine"
    return [(wrong if abs(apart_s) > SKEW_WRONG_S else warning)(told, why, mend)]
