"""What stands before a test's PostgreSQL lets in whoever knows its authority and nobody else."""

from __future__ import annotations

import ssl
from pathlib import Path

import asyncpg
import pytest
from tests.admission.certificate import Authority
from tests.chart.tls_front import tls_front


async def test_who_knows_the_authority_is_let_in_and_who_comes_in_clear_is_not(
    postgres_url: str, tmp_path: Path
) -> None:
    authority, stranger = Authority(tmp_path, "authority"), Authority(tmp_path, "stranger")
    with tls_front(postgres_url, authority) as url:
        connection = await asyncpg.connect(f"{url}?sslmode=verify-full&sslrootcert={authority.file}")
        assert len(await connection.fetchval("SELECT repeat('é', 200000)")) == 200_000
        await connection.close()
        for wrong in (f"sslmode=verify-full&sslrootcert={stranger.file}", "sslmode=disable"):
            with pytest.raises((ssl.SSLError, asyncpg.PostgresError, OSError)):
                await asyncpg.connect(f"{url}?{wrong}")
