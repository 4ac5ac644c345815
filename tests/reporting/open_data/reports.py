"""Reports that are published before the open data of their quarters: it leaves unsaid what they hide."""

from __future__ import annotations

import datetime as dt

from tests.reporting.projected import town

from clic_contracts.vocabulary import Language
from clic_reporting import ledger
from clic_reporting.core.label import Labels
from clic_reporting.document.edition import publish_now
from clic_reporting.report import Connection

AT = dt.datetime(2025, 1, 2, 9, tzinfo=dt.UTC)


async def report(connection: Connection, period: str = "2024-Q1") -> ledger.Publication:
    """Publish the report of a period as known now."""
    await publish_now(connection, period, Labels(town(), Language.FR), as_of=None, at=AT, by="Une greffière")
    return (await ledger.publications(connection))[-1]
