"""Real NATS and PostgreSQL servers from wheels, for one machine and for tests: the extra `embedded`.

    server = start_nats(folder)        # .url .pid .stop() .kill() .restart()
    cluster = start_nats_cluster(folder)
    database = start_postgres(folder)  # .url is the superuser's, with a generated password

A server outlives the Python that started it; starting again in the same folder ends what was left there.
Everything listens on the loopback alone.
"""

from __future__ import annotations

from .nats import NatsCluster, NatsServer, start_nats, start_nats_cluster
from .port import free_port
from .postgres import PostgresServer, start_postgres
from .server_process import ServerError

__all__ = [
    "NatsCluster",
    "NatsServer",
    "PostgresServer",
    "ServerError",
    "free_port",
    "start_nats",
    "start_nats_cluster",
    "start_postgres",
]
