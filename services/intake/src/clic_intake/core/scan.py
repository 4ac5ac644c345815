"""What must not be published of a text: e-mail addresses, telephone numbers, addresses, references and names.

Patterns and a keyed index, no model: the same text has the same findings, and a person can see why.
Source: POL-37, POL-38.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .name import Candidate, candidates
from .pattern import PATTERNS, Kind
from .plain import Seen, seen
from .term import plain


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in a text that may tell who somebody is."""

    kind: Kind
    start: int
    """In characters of the text, from 0."""
    end: int
    """Behind the last character."""
    excerpt: str
    confirmable: bool
    """Whether a person may confirm it as harmless; what is not has to leave the text."""

    @property
    def finding_id(self) -> str:
        """The same for the same words of the same kind, wherever they stand."""
        return hashlib.sha256(f"{self.kind}\n{plain(self.excerpt)}".encode()).hexdigest()[:12]


def look_up(text: str) -> frozenset[str]:
    """The keys of a text that have to be looked up before it can be scanned."""
    return frozenset(each.key for each in candidates(seen(text).text))


def scan(text: str, known: Collection[str], public: Collection[str] = ()) -> tuple[Finding, ...]:
    """The findings of a text, in its order; `known` are those keys of `look_up` that the index knows.

    `public` are contacts that the town itself publishes (`contact_form` of each): those are no finding.
    """
    as_seen = seen(text)
    found = [each for each in _by_patterns(text, as_seen) if contact_form(each.excerpt) not in public]
    found += [_named(text, as_seen, each) for each in candidates(as_seen.text) if each.key in known]
    return tuple(sorted(_without_contained(found), key=lambda each: (each.start, each.end)))


def contact_form(contact: str) -> str:
    """An e-mail address or a telephone number in one form."""
    if "@" in contact:
        return contact.casefold().strip(" .")
    digits = re.sub(r"\D", "", contact)
    return digits.removeprefix("1") if len(digits) == 11 else digits  # noqa: PLR2004 - with the country's 1


def contacts_in(texts: Sequence[str]) -> frozenset[str]:
    """The e-mail addresses and telephone numbers of texts, each in its one form."""
    return frozenset(
        contact_form(each.excerpt)
        for text in texts
        for each in _by_patterns(text, seen(text))
        if each.kind in (Kind.EMAIL, Kind.PHONE)
    )


def _by_patterns(text: str, as_seen: Seen) -> Iterator[Finding]:
    for kind, expression, confirmable in PATTERNS:
        for match in expression.finditer(as_seen.text):
            start, end = as_seen.span(match.start(), match.start() + len(match[0].rstrip(" .,'-")))
            yield Finding(kind, start, end, text[start:end], confirmable)


def _named(text: str, as_seen: Seen, candidate: Candidate) -> Finding:
    start, end = as_seen.span(candidate.start, candidate.end)
    kind = Kind.NAME if candidate.whole else Kind.NAME_PART
    return Finding(kind, start, end, text[start:end], confirmable=not candidate.whole)


def _without_contained(found: Sequence[Finding]) -> Iterator[Finding]:
    """Each place once: what stands in another finding goes, the one that cannot be confirmed stays of two alike."""
    kept: list[Finding] = []
    for each in sorted(found, key=lambda f: (f.confirmable, f.start - f.end)):
        inside = (k for k in kept if k.start <= each.start and each.end <= k.end)
        if not any(k.kind is each.kind or each.kind is Kind.NAME_PART or not k.confirmable for k in inside):
            kept.append(each)
    yield from kept
