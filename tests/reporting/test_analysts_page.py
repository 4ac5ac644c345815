"""The page for analysts is true: its statements and programs are run, as an analyst."""

from __future__ import annotations

import asyncio
import re
import warnings
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.place import ROOT
from tests.reporting.town import DESK, settle

from clic_reporting.model import ANALYST, analyst_sql

PAGE = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
PASSWORD = "analyste"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


async def test_what_the_page_for_analysts_shows_runs_as_an_analyst(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The statements in one session, each program by itself: DuckDB, polars and pandas."""
    admin = await asyncpg.connect(postgres_url)
    try:
        await admin.execute(analyst_sql(urlsplit(postgres_url).path[1:], PASSWORD))
        await settle(admin, *DESK)
    finally:
        await admin.close()
    parts = urlsplit(postgres_url)
    url = parts._replace(netloc=f"{ANALYST}:{PASSWORD}@{parts.netloc.rpartition('@')[2]}").geturl()
    monkeypatch.setenv("CLIC_ANALYST_URL", url)

    analyst = await asyncpg.connect(url)
    try:
        for block in _blocks("sql"):
            await analyst.execute(block)
    finally:
        await analyst.close()
    programs = _blocks("python")
    for program in programs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Of the tools among themselves, and not of the page.
            await asyncio.to_thread(exec, compile(program, "docs/analysts.md", "exec"), {})

    told = capsys.readouterr().out
    assert (len(programs), len(_blocks("sql"))) == (3, 3)
    assert "travaux_publics_voirie" in told, "DuckDB and polars told the departments"
    assert "2023-Q1" in told, "pandas told the quarters"
