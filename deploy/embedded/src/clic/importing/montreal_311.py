"""How one row of Montréal's open data « Requêtes 311 » becomes submissions, or is refused with a reason.

Pure: the same row, the same town and the same instant give the same submissions with the same ids, so that an import
that runs twice adds nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clic_contracts.submission import (
    InteractionSubmission,
    Outcome,
    OutcomeSubmission,
    Place,
    RequestPointer,
    RequestSubmission,
    Submission,
)
from clic_contracts.vocabulary import Channel, Criterion, Kind, SubjectCode

from .category import plain, readable

SOURCE = "/montreal-311"
"""CloudEvents `source` of every submission of this importer."""

ZONE = ZoneInfo("America/Toronto")
"""The file's dates are Montréal's local time, without a zone."""

REQUIRED = ("ID_UNIQUE", "NATURE", "ACTI_NOM", "DDS_DATE_CREATION", "PROVENANCE_ORIGINALE")
"""Columns without which a file is not of this layout; the others may be absent, as some were in some years."""

FIRST_YEAR = 1990
"""A year before this one is an error of typing: the city's 311 service is younger."""

ALSO_BY_MAX = 20
"""Further contacts that a submission can carry; the rest become interactions about it."""

CONTACTS_MAX = 500
"""Contacts by one channel at most; a larger number is an error of typing."""

ID_MAX = 150
"""Characters of an id at most, so that an outcome's id fits too."""

NATURES: dict[str, Kind | None] = {
    "requete": Kind.REQUEST,
    "plainte": Kind.COMPLAINT,
    "commentaire": Kind.COMMENT,
    "information": None,  # A contact that opened no request.
}

FLAGS: dict[str, Channel] = {
    "PROVENANCE_TELEPHONE": Channel.PHONE,
    "PROVENANCE_COURRIEL": Channel.EMAIL,
    "PROVENANCE_PERSONNE": Channel.COUNTER,
    "PROVENANCE_COURRIER": Channel.LETTER,
    "PROVENANCE_TELECOPIEUR": Channel.FAX,
    "PROVENANCE_INSTANCE": Channel.COUNCIL,
    "PROVENANCE_MOBILE": Channel.MOBILE_APP,
    "PROVENANCE_MEDIASOCIAUX": Channel.SOCIAL_MEDIA,
    "PROVENANCE_SITEINTERNET": Channel.WEB_FORM,
}
"""Columns that count the contacts by each channel."""

ORIGINS: dict[str, Channel] = {
    "telephone": Channel.PHONE,
    "courriel": Channel.EMAIL,
    "personne": Channel.COUNTER,
    "en personne": Channel.COUNTER,
    "courrier": Channel.LETTER,
    "telecopieur": Channel.FAX,
    "instance": Channel.COUNCIL,
    "mobile": Channel.MOBILE_APP,
    "medias sociaux": Channel.SOCIAL_MEDIA,
    "mediasociaux": Channel.SOCIAL_MEDIA,
    "site internet": Channel.WEB_FORM,
    "siteinternet": Channel.WEB_FORM,
}
"""`PROVENANCE_ORIGINALE`, in the spellings of all years."""

STATUSES: dict[str, Outcome | None] = {
    "terminee": "closed",
    "refusee": "refused",
    "annulee": "withdrawn",
    "supprimee": "voided",
    "reactivee": "reopened",
    "prise en charge": None,
    "transmise pour traitement": None,
    "acceptee": None,
    "urgente": None,
}
"""`DERNIER_STATUT`; None: still open."""


REASONS: dict[str, str] = {
    "no_nature": "no NATURE",
    "unknown_nature": "a NATURE that nobody knows",
    "nul_character": "a NUL character, which no text can hold",
    "odd_id": "an id that is too long or not printable",
    "no_date": "no date of creation",
    "odd_date": "a date of creation that is none",
    "future_date": "created in the future",
    "unreadable_csv": "not readable as CSV",
    "wrong_number_of_columns": "another number of columns than the header",
    "not_utf8": "not in UTF-8",
}
"""Why a row is refused, in words, by its code."""

NOTES: dict[str, str] = {
    "no_channel": "no channel: taken as unknown",
    "channel_from_counts": "no first channel: taken from the counts of contacts",
    "unknown_channel": "a first channel that nobody knows",
    "odd_contact_count": "a count of contacts that is no number: left out",
    "request_without_id": "a request without id: named by its content",
    "further_requester": "an id that came before: a further requester, a contact about that request",
    "date_without_time": "a date without time: taken as midnight",
    "hour_left_out_by_spring": "in the hour that spring leaves out: put an hour later",
    "no_status": "no last status: taken as open",
    "unknown_status": "a last status that nobody knows: taken as open",
    "odd_status_date": "a date of the last status that is none: the creation's is assumed",
    "status_before_creation": "a last status from before the creation: the creation's instant is assumed",
}
"""What was odd about a row that is mapped all the same, in words, by its code."""


class Item(NamedTuple):
    """One submission, ready to be published under `SOURCE`."""

    submission: Submission
    event_id: str
    occurred_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a row becomes: its request or interaction first, its outcome last. `notes` are codes of `NOTES`."""

    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()
    unmapped: str | None = None
    """The category, where it stands for no subject of the town."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be taken, why (a code of `REASONS`), and what stands there."""

    reason: str
    detail: str = ""


class Sighting(NamedTuple):
    """What came before a row in its file."""

    id_taken: bool = False
    """A row before it opened a request with its id."""
    of_row: int = 0
    """Rows before this one that are identical to it."""


def row_digest(row: Mapping[str, str]) -> str:
    """Names a row by its content (24 hexadecimal digits), whatever the order of the columns and whichever are empty."""
    content = "\x1f".join(f"{k}={v.strip()}" for k, v in sorted(row.items()) if v.strip())
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def named_by_content(row: Mapping[str, str], *, id_taken: bool) -> bool:
    """Whether a row is named by its content, and not as the request that has its id."""
    return id_taken or not row["ID_UNIQUE"].strip() or NATURES.get(plain(row["NATURE"])) is None


def map_row(
    row: Mapping[str, str], sighting: Sighting, categories: Mapping[str, SubjectCode], now: dt.datetime
) -> Mapped | Refused:
    """One row as submissions.

    Args:
        row: columns by name, as text; has at least `REQUIRED`.
        sighting: what came before it in the file.
        categories: subjects by plain category.
        now: nothing may have happened after it.
    """
    if any("\0" in cell for cell in row.values()):
        return Refused("nul_character")
    nature = plain(row["NATURE"])
    if nature not in NATURES:
        return Refused("unknown_nature" if nature else "no_nature", row["NATURE"])
    request_id = row["ID_UNIQUE"].strip()
    if len(request_id) > ID_MAX or not request_id.isprintable():
        return Refused("odd_id", request_id[:40])
    notes: list[str] = []
    created_at = _instant(row["DDS_DATE_CREATION"], now, notes)
    if isinstance(created_at, Refused):
        return created_at
    category = readable(row["ACTI_NOM"])
    subject = categories.get(plain(category))
    channel, further = _channels(row, notes)
    kind = NATURES[nature]
    unmapped = category or "(none)" if subject is None else None
    if named_by_content(row, id_taken=sighting.id_taken):
        event_id = f"row-{row_digest(row)}" + (f"-{sighting.of_row + 1}" if sighting.of_row else "")
    else:
        event_id = request_id
    if kind is None or sighting.id_taken:
        about = RequestPointer(source=SOURCE, id=request_id) if sighting.id_taken else None
        if about is not None:
            notes.append("further_requester")
            further = []  # Each requester has a row; the counts of contacts stand in all of them.
        items = _interactions([channel, *further], event_id, subject, about, created_at)
        return Mapped(items, tuple(notes), unmapped)
    if not request_id:
        notes.append("request_without_id")
    request = RequestSubmission(
        kind=kind,
        channel=channel,
        subject=subject,
        text="" if subject else category[:200],  # The category alone tells what an unmapped request is about.
        requester_withheld=True,
        place=_place(row),
        also_by=tuple(further[:ALSO_BY_MAX]),
        backlog=True,
    )
    pointer = RequestPointer(source=SOURCE, id=event_id)
    rest = _interactions(further[ALSO_BY_MAX:], f"{event_id}#contact", subject, pointer, created_at)
    outcome = _outcome(row, pointer, created_at, now, notes)
    return Mapped((Item(request, event_id, created_at), *rest, *outcome), tuple(notes), unmapped)


def _interactions(
    channels: list[Channel],
    event_id: str,
    subject: SubjectCode | None,
    about: RequestPointer | None,
    at: dt.datetime,
) -> tuple[Item, ...]:
    return tuple(
        Item(
            InteractionSubmission(channel=channel, subject=subject, about=about, answered=about is None, backlog=True),
            f"{event_id}.{n}" if n else event_id,
            at,
        )
        for n, channel in enumerate(channels)
    )


def _channels(row: Mapping[str, str], notes: list[str]) -> tuple[Channel, list[Channel]]:
    """The first channel, and one channel for each further contact."""
    contacts: dict[Channel, int] = {}
    for column, channel in FLAGS.items():
        text = row.get(column, "").strip()
        count = _count(text)
        if count is None:
            notes.append("odd_contact_count")
        elif count:
            contacts[channel] = count
    said = plain(row["PROVENANCE_ORIGINALE"])
    first = ORIGINS.get(said)
    if said and first is None:
        notes.append("unknown_channel")
    if first is None:
        first = next(iter(contacts), Channel.UNKNOWN)
        notes.append("no_channel" if first is Channel.UNKNOWN else "channel_from_counts")
    if first in contacts:
        contacts[first] -= 1
    return first, [channel for channel, count in contacts.items() for _ in range(count)]


def _count(text: str) -> int | None:
    """A number of contacts: empty is none, `2.0` is 2; None: it is no such number."""
    text = text.removesuffix(".0")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(CONTACTS_MAX)):
        return None
    return int(text) if int(text) <= CONTACTS_MAX else None


def _instant(text: str, now: dt.datetime, notes: list[str]) -> dt.datetime | Refused:
    """A local instant as the file writes it, with its zone.

    Of the hour that comes twice in autumn the first is taken; in the hour that spring leaves out the clock is put
    forward, and noted.
    """
    text = text.strip()
    if not text:
        return Refused("no_date")
    try:
        read = dt.datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return Refused("odd_date", text[:40])
    if not FIRST_YEAR <= read.year < dt.MAXYEAR:
        return Refused("odd_date", text[:40])
    if len(text) <= len("2022-01-31"):
        notes.append("date_without_time")
    if read.tzinfo is None:
        local = read.replace(tzinfo=ZONE)
        there_and_back = local.astimezone(dt.UTC).astimezone(ZONE)
        if there_and_back.replace(tzinfo=None) != read:
            notes.append("hour_left_out_by_spring")
        read = there_and_back
    if read > now:
        return Refused("future_date", text[:40])
    return read


def _place(row: Mapping[str, str]) -> Place | None:
    names = [row.get(column, "").strip() for column in ("RUE", "RUE_INTERSECTION1", "RUE_INTERSECTION2")]
    address = " / ".join(name for name in names if name)[:200]
    latitude, longitude = _degrees(row.get("LOC_LAT", ""), 90), _degrees(row.get("LOC_LONG", ""), 180)
    if latitude is None or longitude is None:
        return Place(address=address) if address else None
    return Place(address=address or None, latitude=latitude, longitude=longitude)


def _degrees(text: str, limit: float) -> float | None:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if 0 < abs(value) <= limit else None  # The city writes 0 where it does not know.


def _outcome(
    row: Mapping[str, str], about: RequestPointer, created_at: dt.datetime, now: dt.datetime, notes: list[str]
) -> tuple[Item, ...]:
    status = plain(row.get("DERNIER_STATUT", ""))
    if status not in STATUSES:
        notes.append("unknown_status" if status else "no_status")
        return ()
    ended = STATUSES[status]
    if ended is None:
        return ()
    at, assumed = created_at, True
    if said := row.get("DATE_DERNIER_STATUT", "").strip():
        read = _instant(said, now, [])
        if isinstance(read, Refused):
            notes.append("odd_status_date")
        elif read < created_at:
            notes.append("status_before_creation")
        else:
            at, assumed = read, False
    submission = OutcomeSubmission(
        about=about,
        outcome=ended,
        criterion=Criterion.UNSPECIFIED if ended == "refused" else None,
        time_assumed=assumed,
    )
    return (Item(submission, f"{about.id}#outcome", at),)
