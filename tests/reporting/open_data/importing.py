"""A file in Montréal's layout as the facts that importing it puts into the log, without a desk that runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.reporting.history import fact

from clic.importing.montreal_311 import SOURCE, Item, Mapped
from clic.importing.montreal_file import map_file
from clic_contracts.envelope import Commit, Recorded, derive_id, request_id_for
from clic_contracts.event import (
    Event,
    InteractionRecorded,
    RequestClosed,
    RequestReceived,
    RequestRefused,
    RequestReopened,
    RequestVoided,
)
from clic_contracts.submission import InteractionSubmission, OutcomeSubmission, RequestSubmission
from clic_contracts.vocabulary import Service, SubjectCode

NOW = dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC)
OUTCOMES: dict[str, tuple[tuple[type[Event], dict[str, Any]], ...]] = {
    "closed": ((RequestClosed, {}),),
    "refused": ((RequestRefused, {}),),
    "withdrawn": ((RequestClosed, {"reason": "withdrawn"}),),
    "voided": ((RequestVoided, {}),),
    "reopened": ((RequestClosed, {}), (RequestReopened, {})),
}


def commits_of_file(path: Path, categories: Mapping[str, SubjectCode]) -> list[Commit]:
    """What an import of the file would put into an empty log."""
    return recorded(
        each
        for line in map_file(path, categories, NOW)
        if isinstance(line.result, Mapped)
        for item in line.result.items
        for each in _facts(item)
    )


def recorded(facts: Iterable[Recorded]) -> list[Commit]:
    """Facts as commits that the log took at `NOW`, whenever they happened."""
    return [
        Commit(n, Service.INTAKE, each.request_id, (each.model_copy(update={"recorded_at": NOW}),))
        for n, each in enumerate(facts, 1)
    ]


def _facts(item: Item) -> Iterator[Recorded]:
    said, at = item.submission, item.occurred_at
    own_id = request_id_for(SOURCE, item.event_id)
    match said:
        case RequestSubmission():
            yield fact(
                RequestReceived, own_id, at, kind=said.kind, channel=said.channel, subject=said.subject, sector=None,
                origin="backlog", requester="withheld",
            )  # fmt: skip
            for n, channel in enumerate(said.also_by):
                yield _contact(derive_id(own_id, str(n)), own_id, channel, said.subject, at)
        case InteractionSubmission():
            about = request_id_for(said.about.source or SOURCE, said.about.id or "") if said.about else None
            yield _contact(own_id, about, said.channel, said.subject, at)
        case OutcomeSubmission():
            request_id = request_id_for(SOURCE, said.about.id or "")
            for kind, changes in OUTCOMES[said.outcome]:
                yield fact(kind, request_id, at, assumed=said.time_assumed, **changes)
        case _:
            raise AssertionError(said)


def _contact(contact_id: str, about: str | None, channel: str, subject: str | None, at: dt.datetime) -> Recorded:
    return fact(
        InteractionRecorded, contact_id, at,
        interaction_id=contact_id, about=about, channel=channel, subject=subject, answered_first_line=about is None,
    )  # fmt: skip
