"""The rebuild's second rival: the library `eventsourcing` with its PostgreSQL recorder and its projection runner.

As its documentation does it: each fact is an event of an application, stored in its own sequence; a materialised view
is a tracking recorder, whose rows and position are written in one transaction per event; the runner takes events from
a subscription that selects 500 at a time in a thread beside. A mapper of our own reads events with msgspec, as its
examples do: faster than the library's transcoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from time import perf_counter
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec
from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, Notification, StoredEvent, Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic

from clic_reporting.core.column import TABLES
from clic_reporting.core.narrow import NarrowCommit, decode_narrow

from .generated_town.telling import Stored
from .upsert import Upserts, make_tables, upsert_sql

INSERT_EVENTS = 500
"""Events of one insert while loading, which is not counted."""
DONE_S = 600.0


@dataclass(frozen=True)
class FactRecorded:
    """A fact of a request's story, as far as reporting reads it."""

    originator_id: UUID
    originator_version: int
    fact: NarrowCommit


class FactMapper(Mapper[UUID]):
    """Stored facts are CloudEvents in JSON, as the log has them."""

    def to_domain_event(self, stored_event: StoredEvent) -> FactRecorded:
        """A fact as a commit of its own; its position is its notification's."""
        assert isinstance(stored_event, Notification)  # It comes from a subscription.
        request_id = UUID(str(stored_event.originator_id))
        fact = decode_narrow(str(request_id), stored_event.id, b"[" + stored_event.state + b"]")
        return FactRecorded(request_id, stored_event.originator_version, fact)


class Desk(Application[UUID]):
    """The application whose sequence of events is read."""

    env: ClassVar[dict[str, str]] = {"MAPPER_TOPIC": get_topic(FactMapper)}


class ReportingView(PostgresTrackingRecorder):
    """The tables of reporting as the library's materialised view."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self._upserts = Upserts()
        self._sql = {name: upsert_sql(table, ["%s"] * len(table.columns)) for name, table in TABLES.items()}

    def fold(self, fact: NarrowCommit, tracking: Tracking) -> None:
        """Write what a fact changed and how far the view is, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for table, row in self._upserts.of(fact):
                cursor.execute(self._sql[table.name], row, prepare=True)


class Reporting(Projection[ReportingView]):
    """Folds each event into the view."""

    def process_event(self, domain_event: FactRecorded, tracking: Tracking) -> None:
        """See `Projection.process_event`."""
        self.view.fold(domain_event.fact, tracking)


async def prepare(postgres_url: str) -> None:
    """The view's tables; the library makes those of its own."""
    await make_tables(postgres_url)


def events_per_s(postgres_url: str, commits: Iterable[Stored]) -> float:
    """Facts per second of the projection runner over these commits, once they are in the library's own table.

    Raises:
        TimeoutError: it was not done within `DONE_S`.
    """
    environment = _environment(postgres_url)
    with Desk(environment) as desk:
        last = _store(desk, commits)
    began = perf_counter()
    with ProjectionRunner(
        application_class=Desk, projection_class=Reporting, view_class=ReportingView, env=environment
    ) as runner:
        runner.wait(last, timeout=DONE_S)
        seconds = perf_counter() - began
    return last / seconds


def _store(desk: Desk, commits: Iterable[Stored]) -> int:
    """Insert facts as events; gives the position of the last."""
    versions: Counter[str] = Counter()
    events = _events(commits, versions)
    last = 0
    while some := list(islice(events, INSERT_EVENTS)):
        last = (desk.recorder.insert_events(some) or [last])[-1]
    return last


def _events(commits: Iterable[Stored], versions: Counter[str]) -> Iterator[StoredEvent]:
    topic = get_topic(FactRecorded)
    for commit in commits:
        request_id = commit.subject.rsplit(".", 1)[1]
        for fact in msgspec.json.decode(commit.body, type=list[msgspec.Raw]):
            versions[request_id] += 1
            yield StoredEvent(UUID(request_id), versions[request_id], topic, bytes(fact))


def _environment(postgres_url: str) -> dict[str, str]:
    url = urlsplit(postgres_url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.path.lstrip("/"),
        "POSTGRES_HOST": url.hostname or "",
        "POSTGRES_PORT": str(url.port),
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": unquote(url.password or ""),
    }
