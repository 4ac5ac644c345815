"""What was published: remembered for good, since the next report is judged by what anybody knows already. POL-38.

It cannot be derived from the log: which reports went out is a fact of the world outside, and definitions change. So it
is kept in a schema of its own, beside the tables that a rebuild throws away, as a chain of checksums: each entry holds
that of the one before, and reports print theirs, so that a lost or altered ledger is noticed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from clic_chassis.error import ClicError
from clic_chassis.sql import load

from .core.suppression import Edition, Figures, Link, Reason
from .report import Connection

_SQL = load("clic_reporting", "ledger.sql")
FIRST = "0" * 64
"""Stands for the checksum before the first entry."""
FORMAT = 1
"""Of an entry; a newer one reads the older ones."""


class LedgerError(ClicError):
    """What was published is not known any more as it was: nothing can be published safely."""


@dataclass(frozen=True)
class Publication:
    """A published report: its exact figures and what is hidden of them."""

    number: int
    period: str
    position: int
    made_from: Mapping[str, str | None]
    """Versions that the figures were made by: log, definitions, indicators, town."""
    edition: Edition
    reasons: Mapping[str, Reason]
    """Of what is hidden, and of what is told as an earlier edition told it and is no part of this one."""
    standing: Mapping[str, int]
    published_at: dt.datetime
    published_by: str
    previous: str
    """Checksum of the publication before it."""

    @property
    def hidden(self) -> frozenset[str]:
        """Names of what does not stand there as it was counted."""
        return frozenset(self.reasons)

    @cached_property
    def entry(self) -> str:
        """Canonical JSON, the same for the same publication."""
        figures = self.edition.figures
        return json.dumps(
            {
                "format": FORMAT,
                "number": self.number,
                "period": self.period,
                "position": self.position,
                "made_from": dict(self.made_from),
                "figures": dict(figures.values),
                "links": sorted([link.left, link.right, link.group] for link in figures.links),
                "unprinted": sorted(figures.unprinted),
                "signed": sorted(figures.signed),
                "hidden": dict(self.reasons),
                "standing": dict(self.standing),
                "published_at": self.published_at.isoformat(),
                "published_by": self.published_by,
                "previous": self.previous,
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )

    @cached_property
    def checksum(self) -> str:
        """SHA-256 of the entry, and so of everything published until then."""
        return hashlib.sha256(self.entry.encode()).hexdigest()

    @classmethod
    def parse(cls, entry: str) -> Publication:
        """Read an entry.

        Raises:
            LedgerError: it is none, or another version of CLIC wrote it.
        """
        try:
            held: dict[str, Any] = json.loads(entry)
            if held["format"] != FORMAT:
                raise LedgerError(f"an entry has format {held['format']}; this version of CLIC reads {FORMAT}")
            reasons = {name: Reason(reason) for name, reason in held["hidden"].items()}
            figures = Figures(
                held["figures"],
                tuple(Link(tuple(left), tuple(right), group) for left, right, group in held["links"]),
                frozenset(held["unprinted"]),
                frozenset(held["signed"]),
            )
            return cls(
                number=held["number"],
                period=held["period"],
                position=held["position"],
                made_from=held["made_from"],
                edition=Edition(figures, frozenset(reasons.keys() & figures.values.keys()) - figures.unprinted),
                reasons=reasons,
                standing=held["standing"],
                published_at=dt.datetime.fromisoformat(held["published_at"]),
                published_by=held["published_by"],
                previous=held["previous"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise LedgerError(f"an entry of the ledger cannot be read ({type(error).__name__}: {error})") from error


def chained(entries: Iterable[str]) -> tuple[Publication, ...]:
    """Entries as publications, each of them checked to follow the one before.

    Raises:
        LedgerError: one is missing, altered or out of order; it names the number.
    """
    publications: list[Publication] = []
    for number, entry in enumerate(entries, start=1):
        publication = Publication.parse(entry)
        previous = publications[-1].checksum if publications else FIRST
        if publication.number != number or publication.previous != previous or publication.entry != entry:
            raise LedgerError(
                f"publication {number} of the ledger does not follow the one before it: it was altered, or one is "
                "missing. Restore it from a backup; until then nothing can be published."
            )
        publications.append(publication)
    return tuple(publications)


async def publications(connection: Connection) -> tuple[Publication, ...]:
    """Everything that was published, the oldest first; nothing where nothing was.

    Raises:
        LedgerError: it is not as it was written.
    """
    if not await connection.fetchval(_SQL["is_there"]):
        return ()
    rows = await connection.fetch(_SQL["entries"])
    found = chained(row["entry"] for row in rows)
    for row, publication in zip(rows, found, strict=True):
        if row["checksum"] != publication.checksum:
            raise LedgerError(f"publication {row['number']} of the ledger was altered: restore it from a backup")
    return found


async def lock(connection: Connection) -> None:
    """Make the ledger where there is none, and keep others from publishing until the transaction ends."""
    await connection.execute(_SQL["lock"])
    await connection.execute(_SQL["prepare"])


async def append(connection: Connection, publication: Publication) -> None:
    """Write the next publication; within a transaction that holds the lock."""
    await connection.execute(
        _SQL["append"],
        publication.number, publication.period, publication.position, publication.entry, publication.checksum,
    )  # fmt: skip


async def restore(connection: Connection, entries: Iterable[str]) -> int:
    """Write entries into a ledger that has none, or only the first of them; how many were missing.

    Raises:
        LedgerError: they are no chain, or what stands there is another one.
    """
    found = chained(entries)
    async with connection.transaction():
        await lock(connection)
        present = await publications(connection)
        if [each.checksum for each in present] != [each.checksum for each in found[: len(present)]]:
            raise LedgerError(
                f"the ledger holds other publications than these, or more of them ({len(present)}, the last of "
                f"{present[-1].period}): nothing was restored. `clic publication list` shows them; if they are another "
                "town's, restore into a database of its own"
            )
        for publication in found[len(present) :]:
            await append(connection, publication)
    return len(found) - len(present)
