"""What the policy says about learnings: their quarter, and what a text needs before it is signed off and published."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from clic_chassis.error import RefusedError
from clic_contracts.vocabulary import Code

from .scan import Finding

REVIEWER: Code = "reviewer"
"""The role of whoever gathers, edits and signs off learnings: *réviseur, réviseure* (POL-37)."""

_QUARTER = re.compile(r"(\d{4})-Q([1-4])")
_FIRST_YEAR = 1900
_LAST_YEAR = 2199


class PeriodError(RefusedError):
    """It is no quarter, such as 2026-Q2."""

    code = "period"


class DraftChangedError(RefusedError):
    """Somebody changed the draft since it was read."""

    code = "draft_changed"


class DraftLeavingError(RefusedError):
    """The draft is being published."""

    code = "draft_leaving"


class OwnTextError(RefusedError):
    """Nobody signs off what they wrote, where another can (POL-37, POL-38)."""

    code = "own_text"


class NotSignedError(RefusedError):
    """Nothing is published that nobody signed off (POL-37)."""

    code = "not_signed"


class NamesMissingError(RefusedError):
    """The index does not hold every name yet."""

    code = "names_missing"


class FindingError(RefusedError):
    """A text holds what may tell who somebody is (POL-38)."""

    code = "findings"

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(
            f"{len(findings)} passage(s) of the text may tell who somebody is: change each, or confirm it with a "
            "reason where that is allowed"
        )
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True)
class Draft:
    """A text on its way to publication, opened."""

    draft_id: str
    period: str
    learnings: tuple[str, ...]
    text: str
    confirmed: Mapping[str, str]
    """Why findings are harmless, by finding's id."""
    version: int
    edited_by: str
    edited_at: dt.datetime
    signed_by: str | None = None
    signed_at: dt.datetime | None = None
    is_leaving: bool = False


def quarter_bounds(period: str, timezone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
    """When a quarter begins in the town, and when the next one does.

    Raises:
        PeriodError: it is none.
    """
    match = _QUARTER.fullmatch(period)
    if match is None or not _FIRST_YEAR <= int(match[1]) <= _LAST_YEAR:
        raise PeriodError(f"{period!r} is no quarter: write one as 2026-Q2")
    year, quarter = int(match[1]), int(match[2])
    begins = dt.datetime(year, 3 * quarter - 2, 1, tzinfo=timezone)
    ends = dt.datetime(year + quarter // 4, 3 * (quarter % 4) + 1, 1, tzinfo=timezone)
    return begins, ends


def unsettled(draft: Draft, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that keep a text from being published: neither gone nor confirmed."""
    return tuple(each for each in findings if not each.confirmable or each.finding_id not in draft.confirmed)


def must_be_clean(draft: Draft, findings: Sequence[Finding]) -> None:
    """Every finding is confirmed, and none is of those that nobody can confirm.

    Raises:
        FindingError: some are not.
    """
    if left := unsettled(draft, findings):
        raise FindingError(left)


def may_sign_off(draft: Draft, findings: Sequence[Finding], agent: str, reviewers: Collection[str]) -> None:
    """A clean text is signed off by another person than the one who changed it last, where the town has another.

    Raises:
        OwnTextError: the agent changed it last, and another reviewer could sign it off.
        FindingError: it is not clean.
    """
    if agent == draft.edited_by and set(reviewers) - {agent}:
        raise OwnTextError(
            "you changed this text last: another person signs it off. Who can: "
            + ", ".join(sorted(set(reviewers) - {agent}))
        )
    must_be_clean(draft, findings)


def may_publish(draft: Draft, findings: Sequence[Finding]) -> None:
    """A text is published as it was signed off, and is scanned once more: names may have come since.

    Raises:
        NotSignedError: nobody signed this version off.
        FindingError: it is not clean.
    """
    if draft.signed_by is None:
        raise NotSignedError("nobody has signed this version of the text off: `sign-off` comes first")
    must_be_clean(draft, findings)


def must_be_at(draft: Draft, version: int) -> None:
    """Whoever changes or signs a draft has seen it as it is now.

    Raises:
        DraftLeavingError: it is being published.
        DraftChangedError: it is at another version.
    """
    if draft.is_leaving:
        raise DraftLeavingError("this text is being published and can no longer be changed")
    if draft.version != version:
        raise DraftChangedError(
            f"{draft.edited_by} changed this draft meanwhile: it is at version {draft.version}, you named {version}. "
            "Read it again"
        )
