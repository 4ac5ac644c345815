"""What was asked over Open311: the filters of a list, and a posted form as a submission. Source: GeoReport v2."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from clic_chassis.error import RefusedError
from clic_contracts.submission import RequestSubmission
from clic_contracts.town import Subject, Town
from clic_contracts.vocabulary import Channel, Kind, Language

from .open311 import Listed, Status, is_public, offered, service_of
from .question import Told, answers

SPAN_DAYS_MAX: Final = 90
"""Of a list: «Default query limit is a span of 90 days or first 1000 requests returned, whichever is smallest.»"""
RECORDS_MAX: Final = 1_000
"""Of one answer: the same sentence."""
SKIPPED_MAX: Final = 100_000
"""Records that earlier pages may hold: what is skipped is read over."""
DESCRIPTION_CHARS_MAX: Final = 4_000
"""«Free form text limited to 4,000 characters.»"""

_W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)")
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]+)\](\[\])?")
_WHOLE = re.compile(r"[0-9]{1,9}")
_STATUSES: Mapping[str, Status] = {"open": "open", "closed": "closed"}

Arguments = Mapping[str, Sequence[str]]
"""Values by name; an argument may stand several times, and an empty one is none."""


class ArgumentError(RefusedError):
    """Arguments are missing or wrong; `told` says each, to be shown to whoever uses the application."""

    code = "invalid_arguments"

    def __init__(self, *told: Told) -> None:
        super().__init__("; ".join(each.en for each in told))
        self.told = told


# -- filters ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant to another, both included."""

    first: dt.datetime
    last: dt.datetime

    def holds(self, at: dt.datetime) -> bool:
        """Whether an instant is in it."""
        return self.first <= at <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which requests are asked for. A condition that is None lets everything pass."""

    references: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    statuses: frozenset[Status] | None = None
    requested: Span | None = None
    updated: Span | None = None
    size: int = RECORDS_MAX
    skip: int = 0

    def lets_pass(self, request: Listed) -> bool:
        """Whether a request meets every condition."""
        return (
            (self.references is None or request.reference in self.references)
            and (self.services is None or request.subject in self.services)
            and (self.statuses is None or request.status in self.statuses)
            and (self.requested is None or self.requested.holds(request.received_at))
            and (self.updated is None or self.updated.holds(request.changed_at))
        )


def chosen(requests: Sequence[Listed], wanted: Wanted, town: Town) -> list[Listed]:
    """What a list answers, out of all requests: those that are public and wanted, the newest first."""
    services = offered(town)
    passing = [each for each in requests if is_public(each, services) and wanted.lets_pass(each)]
    passing.sort(key=lambda each: (each.received_at, each.request_key), reverse=True)
    return passing[wanted.skip : wanted.skip + wanted.size]


def read_filters(arguments: Arguments, now: dt.datetime) -> Wanted:
    """The filters of a list.

    `service_request_id` overrides all others. Without dates the newest 90 days are meant, of `requested_datetime` – or
    of `updated_datetime`, where only `updated_after` or `updated_before` is given.

    Raises:
        ArgumentError: with everything that is wrong.
    """
    if references := _listed(arguments, "service_request_id"):
        if len(references) > RECORDS_MAX:
            raise ArgumentError(
                Told(
                    fr=f"service_request_id\u00a0: nommez au plus {RECORDS_MAX} demandes à la fois.",
                    en=f"service_request_id: name at most {RECORDS_MAX} requests at once.",
                )
            )
        return Wanted(references=references)
    wrong: list[Told] = []
    updated = _span(arguments, "updated_after", "updated_before", now, wrong)
    requested = _span(arguments, "start_date", "end_date", now, wrong)
    if requested is None and updated is None and not wrong:
        requested = Span(now - dt.timedelta(days=SPAN_DAYS_MAX), now)
    wanted = _paged(arguments, wrong)
    statuses = _statuses(arguments, wrong)
    if wrong:
        raise ArgumentError(*wrong)
    services = _listed(arguments, "service_code") or None
    return replace(wanted, services=services, statuses=statuses, requested=requested, updated=updated)


def one(arguments: Arguments, name: str) -> str | None:
    """The first value of an argument; None where it is absent or empty, which is the same."""
    return next((value for each in arguments.get(name, ()) if (value := each.strip())), None)


def _listed(arguments: Arguments, name: str) -> tuple[str, ...]:
    """The values of an argument that may stand several times, or hold several separated by commas; each once."""
    values = (value.strip() for each in arguments.get(name, ()) for value in each.split(","))
    return tuple(dict.fromkeys(value for value in values if value))


def _statuses(arguments: Arguments, wrong: list[Told]) -> frozenset[Status] | None:
    said = _listed(arguments, "status")
    if unknown := [each for each in said if each not in _STATUSES]:
        shown = ", ".join(unknown)[:60]
        wrong.append(
            Told(
                fr=f"status\u00a0: {shown} n’existe pas. Écrivez open, closed, ou les deux séparés par une virgule.",
                en=f"status: there is no {shown}. Write open, closed, or both, separated by a comma.",
            )
        )
    return frozenset(_STATUSES[each] for each in said if each in _STATUSES) or None


def _span(arguments: Arguments, first: str, last: str, now: dt.datetime, wrong: list[Told]) -> Span | None:
    """The span between two arguments, of 90 days where one of them is missing; None where both are, or are wrong."""
    before = len(wrong)
    since, until = _instant(arguments, first, wrong), _instant(arguments, last, wrong)
    if len(wrong) > before or (since is None and until is None):
        return None
    most = dt.timedelta(days=SPAN_DAYS_MAX)
    since = until - most if since is None and until is not None else since
    assert since is not None
    until = min(now, since + most) if until is None else until
    if until - since > most:
        wrong.append(
            Told(
                fr=f"{first}, {last}\u00a0: au plus {SPAN_DAYS_MAX} jours à la fois. Demandez-en plusieurs de suite.",
                en=f"{first}, {last}: at most {SPAN_DAYS_MAX} days at once. Ask for several in turn.",
            )
        )
        return None
    return Span(since, until)


def _instant(arguments: Arguments, name: str, wrong: list[Told]) -> dt.datetime | None:
    said = one(arguments, name)
    if said is None:
        return None
    # A plus that was not escaped arrives as a space.
    at = _read(said.replace(" ", "+"))
    if at is None:
        wrong.append(
            Told(
                fr=f"{name}\u00a0: écrivez un instant avec son décalage, p. ex. 2026-05-15T09:30:00-04:00.",
                en=f"{name}: write an instant with its offset, such as 2026-05-15T09:30:00-04:00.",
            )
        )
        return None
    return at.astimezone(dt.UTC)


def _read(said: str) -> dt.datetime | None:
    """An instant of W3C NOTE-datetime with its offset, far enough from the calendar's ends to count days from it."""
    if _W3C.fullmatch(said) is None:
        return None
    try:
        at = dt.datetime.fromisoformat(said)
    except ValueError:
        return None
    return at if dt.MINYEAR + 1 < at.year < dt.MAXYEAR - 1 else None


def _paged(arguments: Arguments, wrong: list[Told]) -> Wanted:
    """The page, from 1, and its size (extension «pagination»)."""
    size = _number(arguments, "page_size", RECORDS_MAX, RECORDS_MAX, wrong)
    page = _number(arguments, "page", 1, SKIPPED_MAX // size + 1, wrong)
    return Wanted(size=size, skip=(page - 1) * size)


def _number(arguments: Arguments, name: str, default: int, most: int, wrong: list[Told]) -> int:
    said = one(arguments, name)
    if said is None:
        return default
    number = int(said) if _WHOLE.fullmatch(said) else 0
    if not 1 <= number <= most:
        wrong.append(
            Told(
                fr=f"{name}\u00a0: écrivez un nombre de 1 à {most}.",
                en=f"{name}: write a number from 1 to {most}.",
            )
        )
        return default
    return number


# -- a posted request ---------------------------------------------------------------------------------------------


def read_form(form: Arguments, town: Town, language: Language) -> RequestSubmission:
    """A posted form as a submission; `device_id` and `account_id` are not kept, as no treatment needs them.

    Raises:
        UnknownServiceError: the service code names no service.
        ArgumentError: with everything that is missing or wrong.
    """
    code = one(form, "service_code")
    if code is None:
        raise ArgumentError(
            Told(
                fr="service_code\u00a0: nommez le service demandé.",
                en="service_code: name the service that is asked for.",
            )
        )
    subject = service_of(town, code)
    wrong: list[Told] = []
    place = _place(form, wrong)
    attributes = _attributes(form, subject, wrong)
    text = _text(form, wrong)
    said: dict[str, Any] = {
        "kind": Kind.REPORT,
        "channel": Channel.MOBILE_APP if one(form, "device_id") else Channel.WEB_FORM,
        "subject": subject.code,
        "language": language,
        "text": text,
        "requester": _requester(form),
        "place": place,
        "attributes": attributes,
    }
    try:
        submission = RequestSubmission.model_validate(said)
    except ValidationError as error:
        wrong += [_unfit(each["loc"]) for each in error.errors(include_url=False, include_input=False)]
        raise ArgumentError(*wrong) from error
    if wrong:
        raise ArgumentError(*wrong)
    return submission


def _requester(form: Arguments) -> dict[str, str] | None:
    name = " ".join(each for each in (one(form, "first_name"), one(form, "last_name")) if each)
    said = {"name": name or None, "email": one(form, "email"), "phone": one(form, "phone")}
    return {key: value for key, value in said.items() if value is not None} or None


def _place(form: Arguments, wrong: list[Told]) -> dict[str, str | float | None] | None:
    """Where: latitude and longitude, an address, or the id of an address; at least one of them."""
    address, address_id = one(form, "address_string"), one(form, "address_id")
    latitude, longitude = one(form, "lat"), one(form, "long")
    if (latitude is None) != (longitude is None):
        wrong.append(Told(fr="lat, long\u00a0: donnez les deux.", en="lat, long: give both."))
    elif latitude is None and address is None and address_id is None:
        wrong.append(
            Told(
                fr="Indiquez le lieu\u00a0: lat et long, address_string ou address_id.",
                en="Say where: lat and long, address_string or address_id.",
            )
        )
    return {
        "address": address or (f"address_id {address_id}" if address_id else None),
        "latitude": _degrees(latitude, "lat", wrong),
        "longitude": _degrees(longitude, "long", wrong),
    }


def _degrees(said: str | None, name: str, wrong: list[Told]) -> float | None:
    if said is None:
        return None
    try:
        return float(said)
    except ValueError:
        wrong.append(_unfit_argument(name))
        return None


def _attributes(form: Arguments, subject: Subject, wrong: list[Told]) -> dict[str, str]:
    given: dict[str, list[str]] = {}
    for name, values in form.items():
        if match := _ATTRIBUTE.fullmatch(name):
            given.setdefault(match[1], []).extend(values)
    said, faults = answers(subject.questions, {code: values for code, values in given.items() if any(values)})
    wrong += faults
    return said


def _text(form: Arguments, wrong: list[Told]) -> str:
    """The description, and the address of a picture, which is noted and never fetched."""
    description = one(form, "description") or ""
    if len(description) > DESCRIPTION_CHARS_MAX:
        wrong.append(
            Told(
                fr=f"description\u00a0: écrivez au plus {DESCRIPTION_CHARS_MAX} caractères.",
                en=f"description: write at most {DESCRIPTION_CHARS_MAX} characters.",
            )
        )
    media = one(form, "media_url")
    return "\n\n".join(each for each in (description, f"Image ou document\u00a0: {media}" if media else "") if each)


_ARGUMENT_OF: Mapping[tuple[str, ...], str] = {
    ("requester", "name"): "first_name, last_name",
    ("requester", "email"): "email",
    ("requester", "phone"): "phone",
    ("place", "address"): "address_string",
    ("place", "latitude"): "lat",
    ("place", "longitude"): "long",
    ("text",): "description",
}
_EXAMPLES: Mapping[str, str] = {
    "email": "camille@exemple.invalid",
    "phone": "450 555-0134",
    "lat": "45.5628",
    "long": "-73.1914",
}


def _unfit(place: tuple[int | str, ...]) -> Told:
    """That a field of the submission does not fit its schema, by the argument that it came from."""
    parts = tuple(str(each) for each in place)
    return _unfit_argument(_ARGUMENT_OF.get(parts[:2]) or _ARGUMENT_OF.get(parts[:1]) or parts[0])


def _unfit_argument(name: str) -> Told:
    example = _EXAMPLES.get(name)
    if example is None:
        return Told(
            fr=f"{name}\u00a0: trop long, ou avec un caractère qui n’est pas admis.",
            en=f"{name}: too long, or with a character that is not taken.",
        )
    return Told(
        fr=f"{name}\u00a0: la valeur n’est pas admise. Écrivez p. ex. {example}.",
        en=f"{name}: the value is not taken. Write for instance {example}.",
    )
