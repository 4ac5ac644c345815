"""`clic streams`: the streams of an installation that `clic up` did not start. They have one owner, and this is it."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from rich.console import Console

from clic_chassis.error import ClicError
from clic_chassis.streams import STREAMS, StreamDiffersError, ensure_streams

from .connection import Connection, nats_connection
from .nats_config import OPS
from .told import told

TRY_EVERY_S = 1.0

app = typer.Typer(help="The streams on NATS: made and kept by this command alone.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """One command is a group of its own too."""


@app.command()
def apply(
    replicas: Annotated[int, typer.Option(help="How many servers hold each stream.", min=1, max=5)] = 1,
    wait_s: Annotated[
        float, typer.Option("--wait-s", help="How long to try: a cluster that starts refuses at first.", min=0)
    ] = 0.0,
) -> None:
    """Make the streams that are missing and give those there this version's settings; the log is only checked."""
    with told():
        asyncio.run(_applied(nats_connection(OPS), replicas, wait_s))
    Console().print(f"{len(STREAMS)} streams are as they must be, each on {replicas} server{'s'[: replicas - 1]}.")


async def _applied(connection: Connection, replicas: int, wait_s: float) -> None:
    end = monotonic() + wait_s
    while True:
        try:
            await _apply(connection, replicas)
        except StreamDiffersError:
            raise
        except (ClicError, NatsError) as error:
            if monotonic() >= end:
                if isinstance(error, ClicError):
                    raise
                who = connection.credential.user
                raise ClicError(
                    f"NATS answers without JetStream, or does not let `{who}` ask ({type(error).__name__})"
                ) from error
            await asyncio.sleep(TRY_EVERY_S)
        else:
            return


async def _apply(connection: Connection, replicas: int) -> None:
    client = await connection.connect("clic streams")
    try:
        await ensure_streams(client, replicas=replicas)
    finally:
        await client.close()
