"""`clic analyst`: where analysts read the views of reporting, and the role that other deployments make for them."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from clic_reporting.model import analyst_sql

from .connection import ConnectionUnknownError, read_installation
from .folder import SECRET_BYTES
from .servers import ANALYST


def analyst(
    *,
    role_sql: Annotated[
        bool, typer.Option("--role-sql", help="Print what makes the role on another server, with a new password.")
    ] = False,
    database: Annotated[
        str, typer.Option(help="With --role-sql: the name of reporting's database.")
    ] = "clic_reporting",
) -> None:
    """Print the address at which analysts read, as in `psql "$(clic analyst)"`: views alone, and nothing to write."""
    if role_sql:
        typer.echo(analyst_sql(database, secrets.token_urlsafe(SECRET_BYTES)))
        return
    try:
        typer.echo(read_installation().databases[ANALYST])
    except KeyError as error:
        raise ConnectionUnknownError(
            "this installation has no role for analysts: `clic up` makes it on a PostgreSQL of its own; for another "
            "server run what `clic analyst --role-sql` prints, as its administrator"
        ) from error
