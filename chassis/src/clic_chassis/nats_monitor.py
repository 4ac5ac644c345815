"""What the monitoring pages of NATS say: whether acknowledged means stored, how full it is, which replicas follow."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from .telemetry import METRICS

ASK_TIMEOUT_S = 5.0
SERVERS_MAX = 16
"""Addresses of one name that are asked; a cluster has three or five."""
PAGE = "/jsz?accounts=true&streams=true&config=true"


_OF_SERVERS = (
    METRICS.nats_up, METRICS.sync_always, METRICS.nats_storage, METRICS.nats_storage_max, METRICS.stream_messages,
    METRICS.stream_bytes, METRICS.stream_bytes_max, METRICS.stream_last_sequence, METRICS.stream_replicas_missing,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreamStanding:
    """A stream as its leader sees it."""

    name: str
    messages: int
    bytes: int
    bytes_max: int | None
    last_sequence: int
    replicas_wanted: int
    replicas_current: int
    """Those that follow, the leader included."""
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServerStanding:
    """One server of NATS, as it tells of itself."""

    url: str
    name: str
    version: str
    sync_always: bool
    storage_bytes: int
    storage_bytes_max: int
    store_dir: str
    has_leader: bool
    """Whether JetStream has one: always on a single server."""
    streams: tuple[StreamStanding, ...]
    """Those that it leads."""


class MonitoringError(Exception):
    """No answer, or one that is not NATS'."""


def addresses(urls: str) -> list[str]:
    """One URL for each server: several are separated by commas, and a name of several addresses is asked at each.

    Over TLS a name stays a name, since the certificate is its.
    """
    found: list[str] = []
    for each in urls.split(","):
        parts = urlsplit(each.strip().rstrip("/"))
        if parts.scheme != "http" or parts.hostname is None:
            found.append(urlunsplit(parts))
            continue
        try:
            infos = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
        except OSError:
            found.append(urlunsplit(parts))  # Asking it tells that the name is unknown.
            continue
        hosts = sorted({str(info[4][0]) for info in infos}, key=lambda host: (":" in host, host))
        if parts.hostname == "localhost":
            hosts = hosts[:1]  # Both of its addresses are the same server.
        found += [
            urlunsplit(parts._replace(netloc=f"{f'[{host}]' if ':' in host else host}:{parts.port or 80}"))
            for host in hosts[:SERVERS_MAX]
        ]
    return list(dict.fromkeys(found))


async def ask_servers(
    urls: str, tls: ssl.SSLContext | None = None
) -> tuple[list[ServerStanding], dict[str, MonitoringError]]:
    """Every server's standing, and by URL why one did not answer."""
    every = await asyncio.to_thread(addresses, urls)
    answers = await asyncio.gather(
        *(asyncio.to_thread(ask_server, each, tls) for each in every), return_exceptions=True
    )
    standing: list[ServerStanding] = []
    failed: dict[str, MonitoringError] = {}
    for url, answer in zip(every, answers, strict=True):
        if isinstance(answer, ServerStanding):
            standing.append(answer)
        elif isinstance(answer, MonitoringError):
            failed[url] = answer
        else:
            raise answer
    return standing, failed


def ask_server(url: str, tls: ssl.SSLContext | None = None) -> ServerStanding:
    """One server's standing.

    Raises:
        MonitoringError: it does not answer, or without JetStream.
    """
    page, about = _page(url, PAGE, tls), _page(url, "/varz", tls)
    config = page.get("config") or {}
    if "store_dir" not in config:
        raise MonitoringError(f"{url} has no JetStream")
    name = str(about.get("server_name", url))
    meta = page.get("meta_cluster")
    return ServerStanding(
        url=url,
        name=name,
        version=str(about.get("version", "")),
        sync_always=bool(config.get("sync_always")),
        storage_bytes=int(page.get("storage", 0)),
        storage_bytes_max=int(config.get("max_storage", 0)),
        store_dir=str(config["store_dir"]),
        has_leader=meta is None or bool(meta.get("leader")),
        streams=tuple(
            _stream(detail)
            for account in page.get("account_details", [])
            for detail in account.get("stream_detail", [])
            if (detail.get("cluster") or {"leader": name}).get("leader") == name
        ),
    )


def _stream(detail: dict[str, Any]) -> StreamStanding:
    config, state, cluster = detail.get("config") or {}, detail["state"], detail.get("cluster") or {}
    others = cluster.get("replicas") or []
    bytes_max = int(config.get("max_bytes", -1))
    return StreamStanding(
        name=str(detail["name"]),
        messages=int(state["messages"]),
        bytes=int(state["bytes"]),
        bytes_max=bytes_max if bytes_max > 0 else None,
        last_sequence=int(state["last_seq"]),
        replicas_wanted=int(config.get("num_replicas", 1)),
        replicas_current=1 + sum(1 for each in others if each.get("current") and not each.get("offline")),
        config=config,
    )


def _page(url: str, path: str, tls: ssl.SSLContext | None) -> dict[str, Any]:
    # Without a proxy: a server of the same network must not be asked for through one of the machine's.
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if tls is not None:
        handlers.append(urllib.request.HTTPSHandler(context=tls))
    try:
        with urllib.request.build_opener(*handlers).open(url + path, timeout=ASK_TIMEOUT_S) as answer:
            page: Any = json.load(answer)
    except (OSError, ValueError, HTTPException) as error:  # The last: another protocol's port.
        why = getattr(error, "reason", None) or error
        raise MonitoringError(f"{url} does not answer ({why})") from error
    if not isinstance(page, dict):
        raise MonitoringError(f"{url} is no monitoring page of NATS")
    return page


def tell(standing: list[ServerStanding], failed: dict[str, MonitoringError]) -> None:
    """Set the metrics of what was learned. A server that is gone, or a stream that nobody leads, is told no longer."""
    for gauge in _OF_SERVERS:
        gauge.clear()
    for url in failed:
        METRICS.nats_up.labels(url).set(0)
    for server in standing:
        METRICS.nats_up.labels(server.name).set(1)
        METRICS.sync_always.labels(server.name).set(int(server.sync_always))
        METRICS.nats_storage.labels(server.name).set(server.storage_bytes)
        METRICS.nats_storage_max.labels(server.name).set(server.storage_bytes_max)
        for stream in server.streams:
            METRICS.stream_messages.labels(stream.name).set(stream.messages)
            METRICS.stream_bytes.labels(stream.name).set(stream.bytes)
            METRICS.stream_last_sequence.labels(stream.name).set(stream.last_sequence)
            METRICS.stream_replicas_missing.labels(stream.name).set(stream.replicas_wanted - stream.replicas_current)
            if stream.bytes_max is not None:
                METRICS.stream_bytes_max.labels(stream.name).set(stream.bytes_max)
